"""Collecting what an invoice asks: attempts, retries, and the other ways in which it ends.

https://docs.stripe.com/billing/revenue-recovery/smart-retries; outcomes come back from the payment intent.
"""

from twin.billing.ending import cancel_now
from twin.billing.invoices import finalize, payment_of
from twin.billing.standing import on_exhausted, on_failed, on_paid, on_processing, subscription_of
from twin.core.errors import invalid
from twin.core.events import changed_attributes
from twin.core.settings import DAY
from twin.core.store import Object, inside
from twin.core.world import World, timer
from twin.payments.cards import HARD_DECLINES, behavior_of
from twin.payments.intents import cancel_intent, confirm, settled


def default_method(world: World, invoice: Object) -> Object | None:
    """The invoice's, else its subscription's, else the customer's default payment method."""
    subscription = subscription_of(world, invoice) or {}
    customer = world.get("customer", invoice["customer"])
    chosen = (
        invoice["default_payment_method"],
        subscription.get("default_payment_method"),
        customer["invoice_settings"]["default_payment_method"],
    )
    found = (world.store.find("payment_method", id) for id in chosen if id)
    return next((each for each in found if each and each["customer"] == customer["id"]), None)


def settle_or_collect(world: World, invoice: Object, method: Object | None = None) -> Object:
    """What follows finalization: nothing due is paid at once, the rest is tried by the default method."""
    if invoice["status"] != "open":
        return invoice
    if invoice["amount_due"] == 0:
        return mark_paid(world, invoice)
    if invoice["collection_method"] == "send_invoice":
        world.tell("invoice.sent", invoice)
        return invoice
    return collect(world, invoice, method)


def collect(world: World, invoice: Object, method: Object | None = None, *, automatic: bool = True) -> Object:
    """One attempt. `automatic`: Stripe's own, which counts and is followed by others; a caller's neither."""
    if invoice["status"] != "open":
        raise invalid(f"Invoice is not open: its status is {invoice['status']}.", code="invoice_not_editable")
    invoice = world.change(invoice, _automatic=automatic)
    chosen = method or default_method(world, invoice)
    intent = world.get("payment_intent", invoice["_intent"])
    if chosen is None or (automatic and _hopeless(invoice, chosen)):
        return _failed(world, invoice, charged=False)
    confirm(world, intent, chosen)
    return world.store.objects[invoice["id"]]


def _hopeless(invoice: Object, method: Object) -> bool:
    refused_for_good = behavior_of(method).decline_code in HARD_DECLINES
    return refused_for_good and invoice["attempt_count"] > 0 and invoice.get("_refused") == method["id"]


@settled
def on_intent(world: World, intent: Object) -> None:
    """What became of the payment intent of an invoice."""
    invoice = world.store.objects.get(intent["_invoice"] or "")
    if invoice is None or invoice["status"] not in ("open", "uncollectible"):
        return
    if intent["status"] == "succeeded":
        _paid_by(world, invoice, intent)
    elif intent["status"] == "processing":
        world.change(invoice, "invoice.updated", attempted=True, next_payment_attempt=None)
        on_processing(world, invoice)
    elif intent["status"] == "requires_action":
        world.tell("invoice.payment_action_required", invoice)
        _failed(world, invoice, charged=False)
    elif intent["status"] == "requires_payment_method" and intent["last_payment_error"]:
        refused: object = inside(intent, "last_payment_error", "payment_method", "id")
        _failed(world, world.change(invoice, _refused=refused), charged=True)


def _paid_by(world: World, invoice: Object, intent: Object) -> None:
    now = world.time_of(invoice)
    payment = payment_of(world, invoice)
    if payment:
        transitions = {"canceled_at": None, "paid_at": now}
        payment = world.change(
            payment, status="paid", amount_paid=intent["amount_received"], status_transitions=transitions
        )
        world.tell("invoice_payment.paid", payment)
    _keep_method(world, invoice, intent["payment_method"])
    attempts = invoice["attempt_count"] + (1 if invoice["_automatic"] or not invoice["attempted"] else 0)
    mark_paid(world, invoice, amount=intent["amount_received"], attempts=attempts)


def _keep_method(world: World, invoice: Object, method_id: str) -> None:
    """`save_default_payment_method: on_subscription`."""
    subscription = subscription_of(world, invoice)
    if subscription and subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        method = world.get("payment_method", method_id)
        if method["customer"] == subscription["customer"]:
            world.change(subscription, default_payment_method=method_id)


def mark_paid(
    world: World, invoice: Object, *, amount: int = 0, attempts: int | None = None, outside: bool = False
) -> Object:
    """`paid`: the subscription hears of it first, then `invoice.paid` and `invoice.payment_succeeded` are told."""
    now = world.time_of(invoice)
    invoice = world.change(
        invoice,
        status="paid",
        amount_paid=invoice["amount_due"] if outside else amount,
        amount_remaining=0,
        attempted=True,
        attempt_count=invoice["attempt_count"] if attempts is None else attempts,
        auto_advance=False,
        next_payment_attempt=None,
        _failed_at=None,
        status_transitions=invoice["status_transitions"] | {"paid_at": now},
    )
    subscription = subscription_of(world, invoice)
    on_paid(world, invoice)
    world.tell("invoice.paid", invoice)
    world.tell("invoice.payment_succeeded", invoice)
    if subscription and subscription.get("_resuming") == invoice["id"]:
        world.tell("customer.subscription.resumed", world.store.objects[subscription["id"]])
    return invoice


def _failed(world: World, invoice: Object, *, charged: bool) -> Object:
    """The attempt failed, or had nothing to be made with. The last retry's failure ends in the account's setting."""
    now, before = world.time_of(invoice), invoice
    automatic = invoice["_automatic"]
    attempts = invoice["attempt_count"] + (1 if automatic else 0)
    anchor = invoice["_failed_at"] or now
    upcoming = next_attempt(world, invoice, anchor, attempts, now) if automatic else invoice["next_payment_attempt"]
    changes = {"attempt_count": attempts, "attempted": True, "next_payment_attempt": upcoming, "_failed_at": anchor}
    invoice = world.change(invoice, **changes)
    if charged or not before["attempted"]:
        world.tell("invoice.payment_failed", invoice)
    on_failed(world, invoice)
    if previous := changed_attributes(before, invoice):
        world.tell("invoice.updated", invoice, previous)
    retried = invoice["billing_reason"] != "subscription_create"
    if automatic and retried and upcoming is None:
        _give_up(world, invoice)
    return world.store.objects[invoice["id"]]


def next_attempt(world: World, invoice: Object, anchor: int, attempts: int, now: int) -> int | None:
    """When it is tried again; None after the last. First invoices of a subscription are not retried."""
    if invoice["billing_reason"] == "subscription_create":
        return None
    later = [anchor + int(days * DAY) for days in world.account.retry_after_days[attempts - 1 :]]
    return next((at for at in later if at > now), None)


def _give_up(world: World, invoice: Object) -> None:
    if on_exhausted(world, invoice) == "cancel":
        subscription = subscription_of(world, invoice)
        if subscription:
            cancel_now(world, subscription, reason="payment_failed")


def void(world: World, invoice: Object) -> Object:
    """`void`; its intent is canceled, its subscription no longer waits for it."""
    if invoice["status"] not in ("open", "uncollectible", "draft"):
        raise invalid(f"You can't void an invoice that is {invoice['status']}.", code="invoice_not_editable")
    changes = {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    at = invoice["status_transitions"] | {"voided_at": world.time_of(invoice)}
    invoice = world.change(invoice, **changes, automatically_finalizes_at=None, status_transitions=at)
    _drop_intent(world, invoice, "void_invoice")
    world.tell("invoice.voided", invoice)
    if invoice["billing_reason"] != "subscription_create":
        on_paid(world, invoice)
    return invoice


def give_up_as_uncollectible(world: World, invoice: Object) -> Object:
    if invoice["status"] != "open":
        raise invalid("You can only mark open invoices as uncollectible.", code="invoice_not_editable")
    at = invoice["status_transitions"] | {"marked_uncollectible_at": world.time_of(invoice)}
    changes = {"status": "uncollectible", "auto_advance": False, "next_payment_attempt": None}
    invoice = world.change(invoice, **changes, status_transitions=at)
    world.tell("invoice.marked_uncollectible", invoice)
    on_paid(world, invoice)
    return invoice


def _drop_intent(world: World, invoice: Object, reason: str) -> None:
    intent = world.store.objects.get(invoice["_intent"] or "")
    if intent and intent["status"] not in ("succeeded", "canceled", "processing"):
        cancel_intent(world, intent, reason)


def _due_at(invoice: Object) -> int | None:
    if not invoice["auto_advance"]:
        return None
    if invoice["status"] == "draft":
        return invoice["automatically_finalizes_at"]
    return invoice["next_payment_attempt"] if invoice["status"] == "open" else None


@timer("invoice", _due_at)
def advance(world: World, invoice: Object) -> None:
    """An hour after its creation a renewal's draft becomes final; an open one is retried when its time has come."""
    if invoice["status"] == "open":
        collect(world, invoice)
        return
    match invoice["_pause"]:
        case "void":
            void(world, invoice)
        case "mark_uncollectible":
            give_up_as_uncollectible(world, finalize(world, invoice))
        case _:
            settle_or_collect(world, finalize(world, invoice))
