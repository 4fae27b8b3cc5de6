"""Subscription schedules: https://docs.stripe.com/api/subscription_schedules"""

from typing import Any

from twin.api.routes import Params, route
from twin.billing.items import period_of, refuse
from twin.billing.phases import ENDED, apply, begin, cancel, release
from twin.core.errors import invalid
from twin.core.store import Object, entries
from twin.core.world import World
from twin.money.periods import boundary
from twin.resources.fields import listing, metadata_of, patched

PHASE_UNSUPPORTED = (
    "add_invoice_items",
    "application_fee_percent",
    "billing_thresholds",
    "pause_schedules",
)


@route("POST /v1/subscription_schedules")
def create(world: World, params: Params) -> Object:
    refuse(params, "subscription_schedules.create", "billing_mode", "pause_schedules")
    if source := params.get("from_subscription"):
        return _from_subscription(world, world.get("subscription", source, "from_subscription"), params)
    if "customer" not in params or not params.get("phases"):
        raise invalid(
            "You must pass either from_subscription, or customer and phases.", "customer", "parameter_missing"
        )
    customer = world.get("customer", params["customer"], "customer")
    now = world.time_of(customer)
    asked: object = params.get("start_date", "now")
    first = asked if isinstance(asked, int) else now
    phases = _phases(world, params["phases"], first)
    schedule = world.create(_new(world, customer, phases, params), "subscription_schedule.created")
    return begin(world, schedule) if first <= now else schedule


def _from_subscription(world: World, subscription: Object, params: Params) -> Object:
    if params.keys() - {"from_subscription", "metadata"}:
        raise invalid("You cannot set other parameters together with from_subscription.", "from_subscription")
    if subscription["schedule"]:
        raise invalid("The subscription is already attached to a schedule.", "from_subscription")
    customer = world.get("customer", subscription["customer"])
    period = period_of(subscription)
    items = [{"price": item["price"]["id"], "quantity": item["quantity"]} for item in subscription["items"]["data"]]
    discounts = [{"discount": id} for id in subscription["discounts"]]
    asked: Object = {"items": items, "discounts": discounts, "trial_end": _trial_left(world, subscription)}
    phase = _phase(world, asked, period[0], period[1])
    version = _new(world, customer, [phase], params) | {
        "status": "active",
        "subscription": subscription["id"],
        "current_phase": {"start_date": period[0], "end_date": period[1]},
    }
    schedule = world.create(version, "subscription_schedule.created")
    world.change(subscription, "customer.subscription.updated", schedule=schedule["id"])
    return schedule


@route("GET /v1/subscription_schedules")
def list_all(world: World, params: Params) -> Object:
    refuse(params, "subscription_schedules.list", "canceled_at", "completed_at", "released_at", "scheduled")
    return listing(world, "subscription_schedule", params, "/v1/subscription_schedules", "customer")


@route("GET /v1/subscription_schedules/{schedule}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("subscription_schedule", id)


@route("POST /v1/subscription_schedules/{schedule}")
def update(world: World, params: Params, id: str) -> Object:
    refuse(params, "subscription_schedules.update", "pause_schedules", "default_settings")
    schedule = _going_on(world, id)
    changes = patched(schedule, params, "end_behavior")
    if "phases" in params:
        first = schedule["current_phase"] or schedule["phases"][0]
        asked: object = params["phases"][0].get("start_date", first["start_date"])
        start = asked if isinstance(asked, int) else world.time_of(schedule)
        changes["phases"] = _phases(world, params["phases"], start)
    schedule = world.change(schedule, "subscription_schedule.updated", **changes)
    if "phases" in params and schedule["status"] == "active":
        return _in_force(world, schedule)
    return schedule


def _in_force(world: World, schedule: Object) -> Object:
    """The current phase may have changed, and with it the subscription."""
    now = world.time_of(schedule)
    phase = next((each for each in schedule["phases"] if each["start_date"] <= now < each["end_date"]), None)
    if phase is None:
        raise invalid("The current phase must cover the present.", "phases")
    apply(world, world.get("subscription", schedule["subscription"]), phase)
    current = {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    return world.change(schedule, None, current_phase=current)


@route("POST /v1/subscription_schedules/{schedule}/release")
def release_it(world: World, params: Params, id: str) -> Object:
    refuse(params, "subscription_schedules.release", "preserve_cancel_date")
    return release(world, _going_on(world, id))


@route("POST /v1/subscription_schedules/{schedule}/cancel")
def cancel_it(world: World, params: Params, id: str) -> Object:
    refuse(params, "subscription_schedules.cancel", "invoice_now", "prorate")
    return cancel(world, _going_on(world, id))


def _going_on(world: World, id: str) -> Object:
    schedule = world.get("subscription_schedule", id)
    if schedule["status"] in ENDED:
        raise invalid(f"You cannot change a subscription schedule that is {schedule['status']}.")
    return schedule


def _phases(world: World, asked: list[Object], first: int) -> list[Object]:
    """One after another without gaps; each ends at `end_date`, or after its `duration`."""
    found: list[Object] = []
    start = first
    for place, each in enumerate(asked):
        end: object = each.get("end_date")
        if duration := each.get("duration"):
            end = boundary(start, duration["interval"], duration.get("interval_count", 1), 1)
        if not isinstance(end, int) or end <= start:
            raise invalid(
                f"Phase {place} needs an end_date or a duration, after its start.", f"phases[{place}][end_date]"
            )
        found.append(_phase(world, each, start, end))
        start = end
    return found


def _phase(world: World, asked: Object, start: int, end: int) -> Object:
    refuse(asked, "subscription_schedules with phases", *PHASE_UNSUPPORTED)
    items: list[Object] = [
        {
            "billing_thresholds": None,
            "discounts": [],
            "metadata": item.get("metadata") or {},
            "plan": world.get("price", item["price"], "phases[0][items][0][price]")["id"],
            "price": item["price"],
            "quantity": item.get("quantity", None if _metered(world, item["price"]) else 1),
            "tax_rates": [],
        }
        for item in entries(asked, "items")
    ]
    trial: Any = asked.get("trial_end")
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": asked.get("billing_cycle_anchor"),
        "billing_thresholds": None,
        "collection_method": asked.get("collection_method"),
        "currency": world.get("price", items[0]["price"])["currency"],
        "default_payment_method": asked.get("default_payment_method"),
        "default_tax_rates": [],
        "description": asked.get("description"),
        "discounts": [_discount(each) for each in entries(asked, "discounts")],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": asked.get("metadata") or {},
        "on_behalf_of": None,
        "proration_behavior": asked.get("proration_behavior", "create_prorations"),
        "start_date": start,
        "transfer_data": None,
        "trial_end": end if asked.get("trial") else trial,
    }


def _discount(asked: Object) -> Object:
    """A phase has the discounts that it names, and no others: those of the subscription have to be named again."""
    refuse(asked, "subscription_schedules with phases with discounts", "coupon", "promotion_code")
    return {"coupon": None, "discount": asked.get("discount"), "promotion_code": None}


def _metered(world: World, price_id: str) -> bool:
    recurring = world.get("price", price_id, "phases[0][items][0][price]")["recurring"]
    return bool(recurring) and recurring["usage_type"] == "metered"


def _trial_left(world: World, subscription: Object) -> int | None:
    end: int | None = subscription["trial_end"]
    return end if end is not None and end > world.time_of(subscription) else None


def _new(world: World, customer: Object, phases: list[Object], params: Params) -> Object:
    settings: Object = params.get("default_settings", {})
    return {
        "id": world.ids.new("sub_sched"),
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "canceled_at": None,
        "completed_at": None,
        "created": world.time_of(customer),
        "current_phase": None,
        "customer": customer["id"],
        "customer_account": None,
        "default_settings": {
            "application_fee_percent": None,
            "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
            "billing_cycle_anchor": settings.get("billing_cycle_anchor", "automatic"),
            "billing_thresholds": None,
            "collection_method": settings.get("collection_method", "charge_automatically"),
            "default_payment_method": settings.get("default_payment_method"),
            "description": settings.get("description"),
            "invoice_settings": {"account_tax_ids": None, "days_until_due": None, "issuer": {"type": "self"}},
            "on_behalf_of": None,
            "transfer_data": None,
        },
        "end_behavior": params.get("end_behavior", "release"),
        "livemode": False,
        "metadata": metadata_of({}, params),
        "pause_schedules": [],
        "phases": phases,
        "released_at": None,
        "released_subscription": None,
        "status": "not_started",
        "subscription": None,
        "test_clock": customer["test_clock"],
        "_warned": False,
    }
