"""What operators do about a member's billing. Each repeats safely under its idempotency key."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.operator_actions import Granted, GrantWish, Refunded, RefundWish, TrialExtension
from billing.operator_actions import extend_trial as extend
from billing.operator_actions import grant_access as grant
from billing.operator_actions import refund as give_back
from errors import BadInput
from resolvers.billing import as_operator
from resolvers.billing_changes import aware
from resolvers.context import Info
from resolvers.inputs import is_id, text_of
from resolvers.outcome import Outcome
from resolvers.overrides import LONGEST_REASON

MOST_FEATURES = 50


async def refund(info: Info, key: str, wish: RefundWish) -> Outcome[Refunded]:
    if not is_id(wish.invoice_id):
        raise BadInput("`invoiceId` is no id: give the invoice's at Stripe.")
    return await as_operator(info, key, lambda acting, operator, key: give_back(acting, operator, key, wish))


async def extend_trial(info: Info, key: str, member_id: str, until: datetime) -> Outcome[TrialExtension]:
    at = aware("until", until) or until
    return await as_operator(info, key, lambda acting, operator, key: extend(acting, operator, member_id, key, at))


async def grant_access(info: Info, key: str, wish: GrantWish, features: Sequence[str]) -> Outcome[Granted]:
    if bool(features) == (wish.plan is not None):
        raise BadInput("Name either `features` or `plan`: what is granted.")
    if len(features) > MOST_FEATURES:
        raise BadInput(f"`features` has {len(features)} entries: give at most {MOST_FEATURES}.")
    whole = replace(
        wish,
        case=text_of("case", wish.case),
        reason=text_of("reason", wish.reason, longest=LONGEST_REASON),
        features=tuple(sorted({text_of("features", each) for each in features})),
        until=aware("until", wish.until),
    )
    return await as_operator(info, key, lambda acting, operator, key: grant(acting, operator, key, whole))
