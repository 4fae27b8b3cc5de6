"""What the mutations of billing answer, and what they have in common."""

import strawberry

from billing.refusals import RefusalCode
from schema.fields import field, show_enum

KEY = (
    "Any text of at most 200 characters that is the same when you repeat this call, and no other: what it asks for is"
    " done once, and answered alike each time."
)

show_enum(
    RefusalCode,
    "Why something about billing was not done.",
    {
        RefusalCode.NOT_A_MEMBER: "The caller is no member.",
        RefusalCode.IDEMPOTENCY_KEY_REUSED: "The key was used before, for something else.",
        RefusalCode.IDEMPOTENCY_KEY_IN_USE: "Something asked for before is still being done; repeat with the same key.",
        RefusalCode.IDEMPOTENCY_KEY_EXPIRED: "It was begun a day ago and never finished; use a new key.",
        RefusalCode.NOT_ON_SALE: "There is no such price, or not for this caller.",
        RefusalCode.CURRENCY_NOT_OFFERED: "It has no price in this currency.",
        RefusalCode.QUANTITY_NOT_ALLOWED: "It is not sold in this number.",
        RefusalCode.PROMOTION_CODE_NOT_VALID: "There is no such promotion code, or no longer.",
        RefusalCode.RETURN_URL_NOT_ALLOWED: "The address is none to which people may be sent back.",
        RefusalCode.PAYMENT_METHOD_REQUIRED: "There is no way to pay yet, and this needs one.",
        RefusalCode.ALREADY_SUBSCRIBED: "There is a subscription already.",
        RefusalCode.NO_CUSTOMER: "The caller has never bought anything.",
        RefusalCode.NO_SUBSCRIPTION: "The caller has no subscription that this could be done with.",
        RefusalCode.SUBSCRIPTION_ENDED: "The subscription has ended; a new one can be begun.",
        RefusalCode.SUBSCRIPTION_ENDING: "The subscription is to end; that can be taken back.",
        RefusalCode.SUBSCRIPTION_PAUSED: "The subscription is paused; it can be resumed.",
        RefusalCode.PAYMENT_PENDING: "A payment waits to be confirmed.",
        RefusalCode.PAYMENT_OVERDUE: "A payment is overdue.",
        RefusalCode.CHANGE_SCHEDULED: "A change waits for the end of the period; it can be dropped.",
        RefusalCode.IN_TRIAL: "It cannot be done during a trial.",
        RefusalCode.NOT_IN_TRIAL: "There is no trial.",
        RefusalCode.NOTHING_TO_RESUME: "The subscription is neither paused nor about to end.",
        RefusalCode.NOTHING_CHANGES: "It is so already.",
        RefusalCode.PAUSE_NOT_OFFERED: "Pausing like this is not offered to members.",
        RefusalCode.DATE_NOT_ALLOWED: "The instant is too early or too late.",
        RefusalCode.AMOUNT_NOT_ALLOWED: "More than there is, or nothing.",
        RefusalCode.NOT_FOUND: "There is nothing with that id.",
        RefusalCode.CARD_DECLINED: "The bank declined the card.",
        RefusalCode.PAYMENT_FAILED: "The payment did not succeed.",
        RefusalCode.STRIPE_REFUSED: "Stripe refuses it, for the reason in the message.",
        RefusalCode.STRIPE_UNAVAILABLE: "Stripe does not answer; repeat later with the same key.",
    },
    name="BillingErrorCode",
)


@strawberry.type(description="Why something about billing was not done: expected, and for the user to mend.")
class BillingError:
    code: RefusalCode = field("Why, for programs.")
    message: str = field("Why and what to do, in words that can be shown.")
    path: list[str] = field("The input field at fault, outermost first; empty when it is none.")
    decline_code: str | None = field("Stripe's or the bank's own code for why a payment did not succeed.")


@strawberry.type(description="What every mutation of billing answers.")
class BillingPayload:
    user_errors: list[BillingError] = field("Why it was not done; empty when it was.")
