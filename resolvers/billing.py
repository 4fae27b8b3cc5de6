"""What members do about their own billing. Each repeats safely under its idempotency key."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from billing.actions import Acting
from billing.checkout import Checkout, CheckoutSession
from billing.checkout import start_checkout as start
from billing.portal import BillingPortal
from billing.portal import open_billing_portal as open_portal
from billing.refusals import NO_STRIPE, NOT_A_MEMBER, Refusal
from billing.subscribing import NewSubscription, Subscribing
from billing.subscribing import create_subscription as create
from resolvers.context import Info
from resolvers.inputs import text_of
from resolvers.outcome import Outcome, outcome_of

Done = TypeVar("Done")


async def as_member(
    info: Info, key: str, act: Callable[[Acting, str, str], Awaitable[Done | Refusal]]
) -> Outcome[Done]:
    """`act(acting, member_id, key)` for the caller, where there is a member and a Stripe."""
    member_id, acting = info.context.principal.member_id, info.context.services.acting
    key = text_of("idempotencyKey", key)
    if member_id is None:
        return outcome_of(NOT_A_MEMBER)
    if acting is None:
        return outcome_of(NO_STRIPE)
    return outcome_of(await act(acting, member_id, key))


async def as_operator(
    info: Info, key: str, act: Callable[[Acting, str, str], Awaitable[Done | Refusal]]
) -> Outcome[Done]:
    """`act(acting, operator, key)` for the caller, where there is a Stripe."""
    acting = info.context.services.acting
    key = text_of("idempotencyKey", key)
    if acting is None:
        return outcome_of(NO_STRIPE)
    return outcome_of(await act(acting, info.context.principal.subject, key))


async def start_checkout(info: Info, key: str, wanted: Checkout) -> Outcome[CheckoutSession]:
    return await as_member(info, key, lambda acting, member_id, key: start(acting, member_id, key, wanted))


async def create_subscription(info: Info, key: str, wanted: Subscribing) -> Outcome[NewSubscription]:
    return await as_member(info, key, lambda acting, member_id, key: create(acting, member_id, key, wanted))


async def open_billing_portal(info: Info, key: str, return_url: str) -> Outcome[BillingPortal]:
    return await as_member(info, key, lambda acting, member_id, key: open_portal(acting, member_id, key, return_url))
