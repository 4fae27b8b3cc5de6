"""Stripe's test payment methods and how each behaves: https://docs.stripe.com/testing"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from twin.core.ids import spelled
from twin.core.store import Object
from twin.core.world import World, timer


@dataclass(frozen=True, slots=True)
class Behavior:
    """`decline` is a refusal's code; `authenticate`: when 3-D Secure is asked (always, unless_set_up, on_session)."""

    last4: str
    decline: str | None = None
    decline_code: str | None = None
    attaches: bool = True
    authenticate: str = "never"
    brand: str = "visa"
    funding: str = "credit"
    type: str = "card"
    country: str = "US"
    disputed: str | None = None


def _declined(last4: str, code: str = "card_declined", why: str | None = None, *, attaches: bool = False) -> Behavior:
    return Behavior(last4, code, why, attaches=attaches)


BEHAVIORS: dict[str, Behavior] = {
    "visa": Behavior("4242"),
    "visa_debit": Behavior("5556", funding="debit"),
    "mastercard": Behavior("4444", brand="mastercard"),
    "amex": Behavior("8431", brand="amex"),
    "chargeDeclined": _declined("0002", why="generic_decline"),
    "chargeDeclinedInsufficientFunds": _declined("9995", why="insufficient_funds"),
    "chargeDeclinedLostCard": _declined("9987", why="lost_card"),
    "chargeDeclinedStolenCard": _declined("9979", why="stolen_card"),
    "chargeDeclinedExpiredCard": _declined("0069", "expired_card"),
    "chargeDeclinedIncorrectCvc": _declined("0127", "incorrect_cvc"),
    "chargeDeclinedProcessingError": _declined("0119", "processing_error"),
    "chargeCustomerFail": _declined("0341", why="generic_decline", attaches=True),
    "insufficientFundsLater": _declined("0341", why="insufficient_funds", attaches=True),
    "lostLater": _declined("0341", why="lost_card", attaches=True),
    "authenticationRequired": Behavior("3184", authenticate="always"),
    "authenticationRequiredOnSetup": Behavior("3155", authenticate="unless_set_up"),
    "threeDSecure2Required": Behavior("3220", authenticate="on_session"),
    "createDispute": Behavior("0259", disputed="fraudulent"),
    "createDisputeProductNotReceived": Behavior("2685", disputed="product_not_received"),
    "updatesItself": Behavior("4242"),
    "sepa": Behavior("3201", type="sepa_debit", country="DE"),
    "sepa_fails": Behavior("3202", "debit_not_authorized", type="sepa_debit", country="DE"),
}
"""Under the names of the tokens for them. `…Later` and `updatesItself` are the twin's own."""

NUMBERS = {
    "4242424242424242": "visa",
    "4000056655665556": "visa_debit",
    "5555555555554444": "mastercard",
    "378282246310005": "amex",
    "4000000000000002": "chargeDeclined",
    "4000000000009995": "chargeDeclinedInsufficientFunds",
    "4000000000009987": "chargeDeclinedLostCard",
    "4000000000009979": "chargeDeclinedStolenCard",
    "4000000000000069": "chargeDeclinedExpiredCard",
    "4000000000000127": "chargeDeclinedIncorrectCvc",
    "4000000000000119": "chargeDeclinedProcessingError",
    "4000000000000341": "chargeCustomerFail",
    "4000002760003184": "authenticationRequired",
    "4000002500003155": "authenticationRequiredOnSetup",
    "4000000000003220": "threeDSecure2Required",
    "4000000000000259": "createDispute",
    "4000000000002685": "createDisputeProductNotReceived",
}
IBANS = {"DE89370400440532013000": "sepa", "AT611904300234573201": "sepa", "AT861904300235473202": "sepa_fails"}

TOKENS = {f"pm_card_{name}": name for name in BEHAVIORS} | {f"tok_{name}": name for name in BEHAVIORS}

HARD_DECLINES = {"lost_card", "stolen_card", "pickup_card", "revocation_of_authorization", "incorrect_number"}
"""After these Stripe retries no more with the same method."""

MESSAGES = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
}


def behavior_of(method: Object) -> Behavior:
    return BEHAVIORS[method["_behavior"]]


def message_for(behavior: Behavior) -> str:
    return MESSAGES.get(behavior.decline_code or behavior.decline or "", "Your card was declined.")


def new_method(world: World, name: str, clock: str | None = None, *, expires: tuple[int, int] | None = None) -> Object:
    """A payment method that behaves as the token of that name, attached to nobody. `expires` is month and year."""
    behavior = BEHAVIORS[name]
    id = world.ids.new("pm")
    soon = datetime.fromtimestamp(world.at(clock), UTC) + timedelta(days=62)
    lasts = (soon.month, soon.year) if name == "updatesItself" else (12, 2034)
    nowhere = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": nowhere, "email": None, "name": None, "phone": None, "tax_id": None},
        "created": world.at(clock),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": behavior.type,
        behavior.type: _sepa(behavior) if behavior.type == "sepa_debit" else _card(behavior, expires or lasts),
        "_behavior": name,
        "_clock": clock,
        "_set_up": False,
    }


def _replaced_at(method: Object) -> int | None:
    """When a card that the network replaces comes to its end; the twin's own `updatesItself` alone."""
    if method["_behavior"] != "updatesItself" or method["customer"] is None:
        return None
    card = method["card"]
    return int(datetime(card["exp_year"], card["exp_month"], 28, tzinfo=UTC).timestamp())


@timer("payment_method", _replaced_at)
def replace_card(world: World, method: Object) -> None:
    """https://docs.stripe.com/saving-cards#automatic-card-updates"""
    card = method["card"]
    renewed = card | {"exp_year": card["exp_year"] + 4}
    world.change(method, "payment_method.automatically_updated", card=renewed)


def _card(behavior: Behavior, expires: tuple[int, int]) -> Object:
    return {
        "brand": behavior.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": behavior.country,
        "display_brand": behavior.brand,
        "exp_month": expires[0],
        "exp_year": expires[1],
        "fingerprint": spelled(f"card:{behavior.last4}", 16),
        "funding": behavior.funding,
        "generated_from": None,
        "last4": behavior.last4,
        "networks": {"available": [behavior.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _sepa(behavior: Behavior) -> Object:
    return {
        "bank_code": "37040044",
        "branch_code": "",
        "country": behavior.country,
        "fingerprint": spelled(f"sepa:{behavior.last4}", 16),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": behavior.last4,
    }
