"""What the demo's twin of Stripe knows before it serves: the catalogue, and what the demo members did with it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from billing.model import Catalogue
from billing.offers import changes_between, offers_for
from billing.stripe_offers import StripeOffers
from cli.seed import DEMO_MEMBERS, DemoMember
from errors import Unavailable
from twin.account import Twin
from twin.api.desk import Request

PAST = timedelta(days=60)
"""A trial and more than a month, so that the paying member has renewed and the lapsed one has lapsed."""
SECOND_THOUGHTS = timedelta(days=20)
"""When the lapsed member cancels what was begun with the others': to the end of the month paid for."""


async def prepare_twin(twin: Twin, catalogue: Catalogue, member_key: str, now: float) -> None:
    """Makes what the catalogue sells be there; a new twin then lives until `now`. Idempotent."""
    await _apply(twin, catalogue)
    if twin.objects("customer"):
        return
    begun = {member: _subscribe(twin, catalogue, member, member_key) for member in DEMO_MEMBERS}
    twin.advance(SECOND_THOUGHTS.total_seconds())
    for member, subscription_id in begun.items():
        if member.lapsed and subscription_id:
            twin.call(f"POST /v1/subscriptions/{subscription_id}", cancel_at_period_end=True)
    twin.advance_to(now)


async def _apply(twin: Twin, catalogue: Catalogue) -> None:
    """As `gatehouse catalog apply` does at Stripe, without HTTP between."""

    async def ask(
        method: str, path: str, parameters: Mapping[str, Any] | None = None, *, idempotency_key: str | None = None
    ) -> Mapping[str, Any] | None:
        answer = twin.answer(Request(method.upper(), path, dict(parameters or {}), idempotency_key))
        if answer.status not in (200, 404):
            raise Unavailable(f"The twin of Stripe refuses {method} {path}: {answer.body['error']['message']}")
        return answer.body if answer.status == 200 else None

    offers, wanted = StripeOffers(ask), offers_for(catalogue)
    for change in changes_between(wanted, await offers.fetch_offers(wanted)):
        await offers.make(change)


def _subscribe(twin: Twin, catalogue: Catalogue, member: DemoMember, member_key: str) -> str | None:
    """By the plan's first price on sale, with its trial; the subscription's id. None for who never bought anything."""
    plan = catalogue.find_plan(member.plan) if member.plan else None
    price = next((price for price in plan.prices if price.on_sale), None) if plan else None
    if plan is None or price is None:
        return None
    said = {"email": member.email, "name": member.name, "metadata": {member_key: member.id}}
    customer = twin.call("POST /v1/customers", **said, payment_method="pm_card_visa")
    [method] = twin.call("GET /v1/payment_methods", customer=customer["id"])["data"]
    [sold] = twin.call("GET /v1/prices", lookup_keys=[price.lookup_key])["data"]
    subscription = twin.call(
        "POST /v1/subscriptions",
        customer=customer["id"],
        items=[{"price": sold["id"]}],
        default_payment_method=method["id"],
        metadata={member_key: member.id},
        **({"trial_period_days": plan.trial.days} if plan.trial else {}),
    )
    return subscription["id"]
