"""Why an action of billing was not done: expected, told as a value, with what to do about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from billing.ports import Refused


class RefusalCode(StrEnum):
    NOT_A_MEMBER = "NOT_A_MEMBER"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    IDEMPOTENCY_KEY_IN_USE = "IDEMPOTENCY_KEY_IN_USE"
    IDEMPOTENCY_KEY_EXPIRED = "IDEMPOTENCY_KEY_EXPIRED"
    NOT_ON_SALE = "NOT_ON_SALE"
    CURRENCY_NOT_OFFERED = "CURRENCY_NOT_OFFERED"
    QUANTITY_NOT_ALLOWED = "QUANTITY_NOT_ALLOWED"
    PROMOTION_CODE_NOT_VALID = "PROMOTION_CODE_NOT_VALID"
    RETURN_URL_NOT_ALLOWED = "RETURN_URL_NOT_ALLOWED"
    PAYMENT_METHOD_REQUIRED = "PAYMENT_METHOD_REQUIRED"
    ALREADY_SUBSCRIBED = "ALREADY_SUBSCRIBED"
    NO_CUSTOMER = "NO_CUSTOMER"
    NO_SUBSCRIPTION = "NO_SUBSCRIPTION"
    SUBSCRIPTION_ENDED = "SUBSCRIPTION_ENDED"
    SUBSCRIPTION_ENDING = "SUBSCRIPTION_ENDING"
    SUBSCRIPTION_PAUSED = "SUBSCRIPTION_PAUSED"
    PAYMENT_PENDING = "PAYMENT_PENDING"
    PAYMENT_OVERDUE = "PAYMENT_OVERDUE"
    CHANGE_SCHEDULED = "CHANGE_SCHEDULED"
    IN_TRIAL = "IN_TRIAL"
    NOT_IN_TRIAL = "NOT_IN_TRIAL"
    NOTHING_TO_RESUME = "NOTHING_TO_RESUME"
    NOTHING_CHANGES = "NOTHING_CHANGES"
    PAUSE_NOT_OFFERED = "PAUSE_NOT_OFFERED"
    DATE_NOT_ALLOWED = "DATE_NOT_ALLOWED"
    AMOUNT_NOT_ALLOWED = "AMOUNT_NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    CARD_DECLINED = "CARD_DECLINED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    STRIPE_REFUSED = "STRIPE_REFUSED"
    STRIPE_UNAVAILABLE = "STRIPE_UNAVAILABLE"


PASSING = frozenset({RefusalCode.IDEMPOTENCY_KEY_IN_USE, RefusalCode.STRIPE_UNAVAILABLE})
"""Nothing was decided: the same call with the same key goes on where it stopped."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`message` names the remedy and can be shown. `path` leads to the input field at fault, outermost first.

    `decline_code` is Stripe's word for why a payment did not succeed, where it gave one.
    """

    code: RefusalCode
    message: str
    path: tuple[str, ...] = ()
    decline_code: str | None = None


NOT_A_MEMBER = Refusal(RefusalCode.NOT_A_MEMBER, "Only members can do this: sign in as one.")
NO_STRIPE = Refusal(
    RefusalCode.STRIPE_UNAVAILABLE,
    "Payments cannot be reached right now: try again later with the same idempotency key, so nothing is done twice.",
)


def refusal_for(fault: Refused) -> Refusal:
    """What Stripe's own refusal is to the member."""
    if fault.decline_code or fault.stripe_code in OF_THE_CARD:
        message = f"The card was declined: {fault.said} Use another one, with a new idempotency key."
        return Refusal(RefusalCode.CARD_DECLINED, message, decline_code=fault.decline_code or fault.stripe_code)
    if fault.status == PAYMENT_REQUIRED:
        message = f"The payment did not succeed: {fault.said} Try again with a new idempotency key."
        return Refusal(RefusalCode.PAYMENT_FAILED, message, decline_code=fault.stripe_code or None)
    message = f"Stripe refuses this: {fault.said} Change what it names, and use a new idempotency key."
    return Refusal(RefusalCode.STRIPE_REFUSED, message, decline_code=fault.stripe_code or None)


PAYMENT_REQUIRED = 402
OF_THE_CARD = frozenset(
    {"card_declined", "expired_card", "incorrect_cvc", "incorrect_number", "incorrect_zip", "processing_error"}
)
"""Stripe's codes for what is wrong with a card, https://docs.stripe.com/error-codes."""


def encode_refusal(refusal: Refusal) -> Mapping[str, Any]:
    return asdict(refusal)


def refusal_in(stored: Mapping[str, Any]) -> Refusal:
    """What `encode_refusal` made."""
    path = tuple(str(each) for each in stored["path"])
    return Refusal(RefusalCode(stored["code"]), stored["message"], path, stored["decline_code"])
