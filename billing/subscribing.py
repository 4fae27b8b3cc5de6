"""A subscription made from here, for who pays inside the application (Stripe's Payment Element) and not on its page."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from billing.actions import Acting, Action, Asked, Result, run_action
from billing.objects import id_in, id_of, object_in, text_in
from billing.orders import Order
from billing.ports import Json
from billing.preparing import Prepared, prepare
from billing.refusals import Refusal, RefusalCode

KIND, SUBSCRIPTIONS = "createSubscription", "/v1/subscriptions"
EXPANDED = ["latest_invoice.confirmation_secret", "pending_setup_intent"]


class ConfirmationKind(StrEnum):
    """PAYMENT: the first payment is to be confirmed. SETUP: a way to pay is to be set up, for later payments."""

    PAYMENT = "payment"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the browser's Stripe needs to finish, 3-D Secure with it."""

    kind: ConfirmationKind
    client_secret: str


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """As it was made: `status` is Stripe's word at that moment. `confirmation` None: there is nothing to be done."""

    subscription_id: str
    status: str
    confirmation: Confirmation | None


@dataclass(frozen=True, slots=True)
class Subscribing:
    order: Order
    promotion_code: str | None = None
    country: str | None = None


async def create_subscription(
    acting: Acting, member_id: str, key: str, wanted: Subscribing
) -> NewSubscription | Refusal:
    """Idempotent by `key`. Nothing is charged before the browser has confirmed. Raises errors.Unavailable."""

    async def work(action: Action) -> Result:
        made = await action.resume("create") or await _asked(action, member_id, wanted)
        if isinstance(made, Refusal):
            return made
        await action.sync(str(id_in(made, "customer")))
        return {"id": id_of(made), "status": made.get("status"), **_confirmation(made)}

    done = await run_action(acting, Asked(f"member:{member_id}", key, KIND, asdict(wanted)), work)
    if isinstance(done, Refusal):
        return done
    asked = done.get("client_secret")
    confirmation = Confirmation(ConfirmationKind(done["confirms"]), asked) if asked else None
    return NewSubscription(done["id"], done["status"], confirmation)


async def _asked(action: Action, member_id: str, wanted: Subscribing) -> Result:
    acting = action.acting
    prepared = await prepare(action, member_id, wanted.order, wanted.promotion_code, wanted.country)
    if isinstance(prepared, Refusal):
        return prepared
    if refusal := _problem_with(prepared):
        return refusal
    parameters = {
        **prepared.subscribed,
        "add_invoice_items": prepared.lines_paid(once=True),
        "payment_behavior": "default_incomplete",
        "expand": EXPANDED,
        **prepared.parameters_naming({acting.syncing.member_key: member_id}),
    }
    return await action.ask("create", "post", SUBSCRIPTIONS, {name: each for name, each in parameters.items() if each})


def _problem_with(prepared: Prepared) -> Refusal | None:
    if prepared.basket.once:
        message = "This is paid once and makes no subscription: use startCheckout."
        return Refusal(RefusalCode.NOT_ON_SALE, message, ("priceLookupKey",))
    default = object_in(prepared.customer, "invoice_settings").get("default_payment_method")
    if prepared.beginning.trial and prepared.beginning.card_required and not default:
        # Stripe would begin the trial before anybody has named a card.
        message = "This trial needs a payment method first: use startCheckout, or save one in the billing portal."
        return Refusal(RefusalCode.PAYMENT_METHOD_REQUIRED, message)
    return None


def _confirmation(made: Json) -> Json:
    """What is left to confirm; nothing where nothing is to be paid and a way to pay is known."""
    payment = text_in(object_in(object_in(made, "latest_invoice"), "confirmation_secret"), "client_secret")
    setup = text_in(object_in(made, "pending_setup_intent"), "client_secret")
    if made.get("status") == "incomplete" and payment:
        return {"confirms": ConfirmationKind.PAYMENT, "client_secret": payment}
    return {"confirms": ConfirmationKind.SETUP, "client_secret": setup} if setup else {}
