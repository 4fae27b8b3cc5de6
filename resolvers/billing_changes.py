"""What members do to a subscription they have. Each repeats safely under its idempotency key."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import strawberry

from billing.add_ons import add_add_on as add
from billing.carrying_out import Done
from billing.change_actions import change_plan as to_plan
from billing.change_actions import change_quantity as to_quantity
from billing.changes import AddOnWish, PlanWish, QuantityWish
from billing.leaving import Leaving, Pausing
from billing.leaving import cancel_subscription as cancel
from billing.leaving import pause_subscription as pause
from billing.leaving import resume_subscription as resume
from billing.operator_actions import TrialExtension
from billing.previews import ChangePreview
from billing.previews import preview_change as preview
from billing.refusals import NO_STRIPE, NOT_A_MEMBER
from billing.resubscribing import Return
from billing.resubscribing import resubscribe as come_back
from billing.state import Subscription
from billing.subscriptions import find_subscription
from errors import BadInput
from resolvers.billing import as_member
from resolvers.context import Context, Info
from resolvers.outcome import Outcome, outcome_of


async def preview_change(
    info: Info, wish: PlanWish | QuantityWish, prorated_at: datetime | None
) -> Outcome[ChangePreview]:
    member_id, acting = info.context.principal.member_id, info.context.services.acting
    if member_id is None:
        return outcome_of(NOT_A_MEMBER)
    if acting is None:
        return outcome_of(NO_STRIPE)
    return outcome_of(await preview(acting, member_id, wish, aware("proratedAt", prorated_at)))


async def change_plan(info: Info, key: str, wish: PlanWish, prorated_at: datetime | None) -> Outcome[Done]:
    return await as_member(info, key, partial(to_plan, wish=wish, prorated_at=aware("proratedAt", prorated_at)))


async def change_quantity(info: Info, key: str, wish: QuantityWish, prorated_at: datetime | None) -> Outcome[Done]:
    return await as_member(info, key, partial(to_quantity, wish=wish, prorated_at=aware("proratedAt", prorated_at)))


async def add_add_on(info: Info, key: str, wish: AddOnWish) -> Outcome[Done]:
    return await as_member(info, key, partial(add, wish=wish))


async def cancel_subscription(info: Info, key: str, leaving: Leaving) -> Outcome[Done]:
    return await as_member(info, key, partial(cancel, leaving=leaving))


async def pause_subscription(info: Info, key: str, pausing: Pausing) -> Outcome[Done]:
    aware("resumesAt", pausing.resumes_at)
    return await as_member(info, key, partial(pause, pausing=pausing))


async def resume_subscription(info: Info, key: str) -> Outcome[Done]:
    return await as_member(info, key, resume)


async def resubscribe(info: Info, key: str, wish: Return) -> Outcome[Done]:
    return await as_member(info, key, partial(come_back, wish=wish))


async def subscription(root: strawberry.Parent[Done | TrialExtension], info: Info) -> Subscription | None:
    return await info.context.load(load_by_id, root.subscription_id)


async def load_by_id(context: Context, ids: Sequence[str]) -> Sequence[Subscription | None]:
    return [await find_subscription(context.services.database, id) for id in ids]


def aware(name: str, at: datetime | None) -> datetime | None:
    """Raises BadInput for an instant that does not say in which zone it is."""
    if at is not None and at.tzinfo is None:
        raise BadInput(f"`{name}` has no time zone: end it with Z, or with an offset such as +01:00.")
    return at and at.astimezone(UTC)
