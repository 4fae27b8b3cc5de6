"""What completing a Checkout Session does: https://docs.stripe.com/payments/checkout/how-checkout-works"""

from twin.billing.payers import new_customer
from twin.billing.starting import start
from twin.core.errors import ApiError, invalid
from twin.core.store import Object, inside
from twin.core.world import World, timer
from twin.money.amounts import amount_for
from twin.payments.cards import behavior_of
from twin.payments.intents import authenticate, card_error, confirm, new_intent
from twin.payments.setups import attach_method, authenticate_setup, confirm_setup, new_setup, setup_error


def complete(
    world: World, session: Object, method: Object | None, email: str | None = None, name: str | None = None
) -> Object:
    """The person pays with `method`, and has passed 3-D Secure if asked. Raises ApiError, having done nothing."""
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}.")
    mark, told = world.store.mark(), len(world.made)
    try:
        return _complete(world, session, method, email, name)
    except ApiError:
        world.store.roll_back(mark)
        del world.made[told:]
        raise


def _complete(world: World, session: Object, method: Object | None, email: str | None, name: str | None) -> Object:
    customer = _customer(world, session, email, name)
    if method is not None:
        method = world.create(method)
        if behavior_of(method).authenticate != "never":
            method = world.change(method, None, _set_up=True)
    act = {"subscription": _subscribe, "payment": _pay, "setup": _set_up}[session["mode"]]
    changes = act(world, session, customer, method)
    details = {"email": customer["email"], "name": customer["name"], "phone": customer["phone"], "tax_exempt": "none"}
    details |= {"address": customer["address"], "tax_ids": [], "business_name": None, "individual_name": None}
    done = world.change(
        world.store.objects[session["id"]],
        None,
        status="complete",
        customer=customer["id"],
        customer_details=details,
        url=None,
        **changes,
    )
    world.tell("checkout.session.completed", done)
    return done


def _customer(world: World, session: Object, email: str | None, name: str | None) -> Object:
    if session["customer"]:
        return world.get("customer", session["customer"])
    return new_customer(world, {"email": email or session["customer_email"], "name": name})


def _subscribe(world: World, session: Object, customer: Object, method: Object | None) -> Object:
    data: Object = session["_subscription_data"]
    asked: Object = {
        "customer": customer["id"],
        "items": [
            {"price": each["price"], **({"quantity": each["quantity"]} if each["quantity"] is not None else {})}
            for each in session["_items"]
            if each["recurring"]
        ],
        "add_invoice_items": [
            {"price": e["price"], "quantity": e["quantity"]} for e in session["_items"] if not e["recurring"]
        ],
        "metadata": data.get("metadata", {}),
        "currency": session["currency"],
        "discounts": session["_discounts"],
        "automatic_tax": {"enabled": session["automatic_tax"]["enabled"]},
        "payment_settings": {"save_default_payment_method": "on_subscription"},
        "payment_behavior": "allow_incomplete",
    }
    for wanted in ("trial_period_days", "trial_end", "trial_settings", "description", "default_tax_rates"):
        if wanted in data:
            asked[wanted] = data[wanted]
    if method is not None:
        _attach(world, customer, method)
        asked["default_payment_method"] = method["id"]
    subscription = start(world, asked)
    invoice = world.get("invoice", subscription["latest_invoice"])
    if subscription["status"] == "incomplete":
        _pass_or_refuse(world, invoice)
    invoice = world.get("invoice", invoice["id"])
    paid = "no_payment_required" if invoice["total"] == 0 else ("paid" if invoice["status"] == "paid" else "unpaid")
    return {"subscription": subscription["id"], "invoice": invoice["id"], "payment_status": paid}


def _attach(world: World, customer: Object, method: Object) -> Object:
    """By a setup intent where nothing is charged now, so that it is told of as Checkout tells it."""
    return attach_method(world, method, customer["id"])


def _pass_or_refuse(world: World, invoice: Object) -> None:
    """The person is still here: what asks for 3-D Secure has just been passed; what is refused is refused to them."""
    intent = world.get("payment_intent", invoice["_intent"])
    if intent["status"] == "requires_action":
        intent = authenticate(world, intent)
    if intent["status"] == "requires_payment_method":
        fault = card_error(intent)
        raise ApiError(402, "card_error", fault.message, code=fault.error.get("code"))


def _pay(world: World, session: Object, customer: Object, method: Object | None) -> Object:
    if method is None:
        raise invalid("A payment method is needed.")
    data: Object = session["_payment_data"]
    if data.get("setup_future_usage"):
        method = _attach(world, customer, method)
    clock = customer["test_clock"]
    more = {name: data[name] for name in ("description", "metadata", "setup_future_usage") if name in data}
    intent = new_intent(world, session["amount_total"], session["currency"], customer["id"], clock, **more)
    intent = confirm(world, intent, method, authenticated=True)
    if intent["status"] == "requires_payment_method":
        fault = card_error(intent)
        raise ApiError(402, "card_error", fault.message, code=fault.error.get("code"))
    return {"payment_intent": intent["id"], "payment_status": "paid" if intent["status"] == "succeeded" else "unpaid"}


def _set_up(world: World, _session: Object, customer: Object, method: Object | None) -> Object:
    if method is None:
        raise invalid("A payment method is needed.")
    intent = confirm_setup(world, new_setup(world, customer["id"], customer["test_clock"]), method)
    if intent["status"] == "requires_action":
        intent = authenticate_setup(world, intent)
    if intent["status"] != "succeeded":
        fault = setup_error(intent)
        raise ApiError(402, "card_error", fault.message, code=fault.error.get("code"))
    return {"setup_intent": intent["id"], "payment_status": "no_payment_required"}


def total_of(world: World, items: list[Object], currency: str) -> int:
    return sum(amount_of(world, each, currency) for each in items)


def amount_of(world: World, item: Object, currency: str) -> int:
    """Of a line item; what is metered costs nothing yet."""
    return 0 if item["quantity"] is None else amount_for(world.get("price", item["price"]), item["quantity"], currency)


@timer("checkout.session", lambda session: session["expires_at"] if session["status"] == "open" else None)
def expire(world: World, session: Object) -> None:
    """`expired`: nobody completed it in time, or the caller took it back."""
    held = world.change(session, None, status="expired", url=None)
    world.tell("checkout.session.expired", held)


def needs_method(session: Object) -> bool:
    """A trial or a free plan may be begun without one, where `payment_method_collection` says so."""
    if session["mode"] != "subscription" or session["payment_method_collection"] == "always":
        return True
    trial = inside(session, "_subscription_data", "trial_period_days") or inside(
        session, "_subscription_data", "trial_end"
    )
    return session["amount_total"] > 0 and not trial
