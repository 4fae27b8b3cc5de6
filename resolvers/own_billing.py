"""What only Stripe knows of a member's billing: asked while the member waits, for the member alone."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from billing.actions import Acting
from billing.invoices import Invoice, count_invoices, list_invoices
from billing.invoices import preview_invoice as preview
from billing.model import Money
from billing.payment_methods import PaymentMethod, list_payment_methods
from errors import Unavailable
from identity.members import Member
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Info


async def invoices(
    root: strawberry.Parent[Member], info: Info, first: First = 20, after: After = None
) -> Connection[Invoice] | None:
    """None for anybody but the member."""
    page, acting = page_for(first, after, "invoiced", datetime), _acting(root, info)
    if acting is None:
        return None
    found = await list_invoices(acting, root.id, after=page.after, limit=page.limit)
    return connect([(each.created_at, each) for each in found], page, lambda: count_invoices(acting, root.id))


async def preview_invoice(root: strawberry.Parent[Member], info: Info) -> Invoice | None:
    acting = _acting(root, info)
    return await preview(acting, root.id) if acting else None


async def payment_methods(root: strawberry.Parent[Member], info: Info) -> Sequence[PaymentMethod] | None:
    """None for anybody but the member."""
    acting = _acting(root, info)
    return await list_payment_methods(acting, root.id) if acting else None


def currency(root: strawberry.Parent[Money]) -> str:
    return root.currency.upper()


def _acting(member: Member, info: Info) -> Acting | None:
    """None for anybody but the member. Raises Unavailable where there is no Stripe."""
    if info.context.principal.member_id != member.id:
        return None
    acting = info.context.services.acting
    if acting is None:
        raise Unavailable("Stripe is not connected here: try again later.")
    return acting
