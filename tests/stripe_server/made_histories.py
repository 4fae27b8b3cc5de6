"""The histories of our own making: cancelling, unpaid, seats and add-ons, several subscriptions, late links."""

from tests.stripe_server.history import History
from tests.stripe_server.made import DAY, MONTH, START, Making, Object, customer, item, subscription

PRO = frozenset({"content_basic", "content_premium", "api_access", "analytics"})
STARTER = frozenset({"content_basic"})


def cancelling() -> History:
    """Cancelled at the period's end, access ends there by itself; what happens in the same second is in any order."""
    making = Making("made_cancelling")
    pro = _subscribed(making, "sub_1", "pro_monthly")
    making.now += DAY
    pro |= {"cancel_at_period_end": True, "cancel_at": START + MONTH, "canceled_at": making.now}
    making.happen("customer.subscription.updated", pro, {"cancel_at_period_end": False, "cancel_at": None})
    making.now, making.features = START + MONTH, frozenset()
    making.happen("customer.updated", customer())
    pro |= {"status": "canceled", "ended_at": making.now}
    making.happen("customer.subscription.deleted", pro)
    return making.finished()


def cancelling_taken_back() -> History:
    """A cancellation withdrawn, and later one to a day that is not the period's end."""
    making = Making("made_cancelling_taken_back")
    pro = _subscribed(making, "sub_1", "pro_monthly")
    pro |= {"cancel_at_period_end": True, "cancel_at": START + MONTH}
    making.happen("customer.subscription.updated", pro, {"cancel_at_period_end": False})
    pro |= {"cancel_at_period_end": False, "cancel_at": None}
    making.happen("customer.subscription.updated", pro, {"cancel_at_period_end": True})
    pro |= {"cancel_at": START + 3 * DAY}
    making.happen("customer.subscription.updated", pro, {"cancel_at": None})
    making.now, making.features = START + 3 * DAY, frozenset()
    pro |= {"status": "canceled", "ended_at": making.now}
    making.happen("customer.subscription.deleted", pro)
    return making.finished()


def unpaid() -> History:
    """Past due, unpaid, paid late and active again; then canceled, and a late payment changes nothing."""
    making = Making("made_unpaid")
    pro = _subscribed(making, "sub_1", "pro_monthly")
    for status, features, strict in (
        ("past_due", PRO, frozenset[str]()),
        ("unpaid", frozenset[str](), None),
        ("active", PRO, None),
        ("past_due", PRO, frozenset[str]()),
        ("canceled", frozenset[str](), None),
    ):
        making.now += DAY
        making.features, making.strict = features, strict
        before, pro["status"] = pro["status"], status
        type = "customer.subscription.deleted" if status == "canceled" else "customer.subscription.updated"
        making.happen(type, pro, {"status": before})
    making.now += DAY
    invoice = {"id": "in_1", "object": "invoice", "customer": "cus_1", "status": "paid", "billing_reason": "manual"}
    parent = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
    making.happen("invoice.paid", {**invoice, "parent": parent, "lines": {"object": "list", "data": []}})
    return making.finished()


def seats() -> History:
    """One subscription of a plan, an add-on and seats, whose number goes up, down to none, and the item away."""
    making = Making("made_seats")
    items = [item("si_1", "pro_monthly", START + MONTH), item("si_2", "seats_monthly", START + MONTH, 3)]
    making.features, making.limits = PRO | {"team_seats"}, {"seats": 3}
    team = subscription("sub_1", "active", items, START, metadata={"user_id": "user_1"})
    making.happen("customer.subscription.created", team)
    for quantity in (5, 2):
        making.now += 60
        team["items"]["data"][1]["quantity"], making.limits = quantity, {"seats": quantity}
        making.happen("customer.subscription.updated", team, {"items": {}})
    team["items"]["data"].append(item("si_3", "ai_monthly", START + MONTH))
    making.features |= {"ai_tools"}
    making.happen("customer.subscription.updated", team, {"items": {}})
    del team["items"]["data"][1]
    making.features, making.limits = PRO | {"ai_tools"}, {}
    making.happen("customer.subscription.updated", team, {"items": {}})
    return making.finished()


def several() -> History:
    """Three subscriptions beside one another, each ending in its own way, and a new one after the end."""
    making = Making("made_several")
    first = _subscribed(making, "sub_1", "starter_monthly", STARTER)
    making.now += DAY
    items = [item(f"si_{id}", key, making.now + MONTH, n) for id, key, n in SEVERAL_ITEMS]
    second = subscription("sub_2", "active", items, making.now, metadata={"user_id": "user_1"})
    making.features, making.limits = PRO | {"team_seats", "ai_tools"}, {"seats": 3}
    making.happen("customer.subscription.created", second)
    expiring = subscription("sub_3", "incomplete", [item("si_9", "enterprise_monthly", making.now + MONTH)], making.now)
    making.happen("customer.subscription.created", expiring)
    first |= {"status": "canceled", "ended_at": making.now}
    making.happen("customer.subscription.deleted", first)
    making.now += DAY
    expiring["status"] = "incomplete_expired"
    making.happen("customer.subscription.updated", expiring, {"status": "incomplete"})
    return making.finished()


SEVERAL_ITEMS = (("a", "pro_monthly", 1), ("b", "seats_monthly", 3), ("c", "ai_monthly", 1))


def resubscribed() -> History:
    """Ended and begun anew in the same second, on another plan."""
    making = Making("made_resubscribed")
    old = _subscribed(making, "sub_1", "pro_monthly")
    making.now += DAY
    old |= {"status": "canceled", "ended_at": making.now}
    making.features = frozenset()
    making.happen("customer.subscription.deleted", old)
    making.features = STARTER
    items = [item("si_new", "starter_monthly", making.now + MONTH)]
    making.happen("customer.subscription.created", subscription("sub_2", "active", items, making.now))
    return making.finished()


def linked_late() -> History:
    """Nothing names the member until the checkout does; what was bought before is the member's from then on."""
    making = Making("made_linked_late")
    making.happen("customer.created", customer(None))
    pro = subscription("sub_1", "active", [item("si_1", "pro_monthly", START + MONTH)], START)
    making.happen("customer.subscription.created", pro)
    making.now, making.features = START + 60, PRO
    session = {"id": "cs_test_1", "object": "checkout.session", "customer": "cus_1", "status": "complete"}
    making.happen("checkout.session.completed", {**session, "client_reference_id": "user_1", "subscription": "sub_1"})
    return making.finished()


def paused_twice() -> History:
    """Two void pauses; the second's end is its own, and the invoice voided in the first proves nothing about it."""
    making = Making("made_paused_twice")
    pro = _subscribed(making, "sub_1", "pro_monthly")
    for period in (1, 2):
        making.now = START + (period - 1) * MONTH + DAY
        pro["pause_collection"] = {"behavior": "void", "resumes_at": None}
        making.happen("customer.subscription.updated", pro, {"pause_collection": None})
        making.now, making.features = START + period * MONTH, frozenset()
        pro["items"]["data"][0]["current_period_end"] = START + (period + 1) * MONTH
        making.happen("customer.subscription.updated", pro, {"items": {}})
        making.now += DAY
        making.features, pro["pause_collection"] = PRO, None
        making.happen("customer.subscription.updated", pro, {"pause_collection": {"behavior": "void"}})
    return making.finished()


def _subscribed(making: Making, id: str, lookup_key: str, features: frozenset[str] = PRO) -> Object:
    making.happen("customer.created", customer())
    making.features = features
    bought = subscription(id, "active", [item(f"si_{id}", lookup_key, START + MONTH)], START)
    making.happen("customer.subscription.created", bought)
    return bought


def made_histories() -> tuple[History, ...]:
    makers = (cancelling, cancelling_taken_back, unpaid, seats, several, resubscribed, linked_late, paused_twice)
    return tuple(make() for make in makers)
