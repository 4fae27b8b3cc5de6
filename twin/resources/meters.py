"""Billing meters and their events: https://docs.stripe.com/api/billing/meter, …/meter-event"""

from decimal import Decimal, InvalidOperation

from twin.api.pages import list_of, matching, page_of
from twin.api.routes import Params, route
from twin.billing.items import refuse
from twin.billing.usage import counted
from twin.core.errors import invalid
from twin.core.ids import spelled
from twin.core.settings import DAY, HOUR
from twin.core.store import Object, inside
from twin.core.world import World
from twin.resources.fields import required

OLDEST_SECONDS = 35 * DAY
NEWEST_SECONDS = 300
WINDOWS = {"day": DAY, "hour": HOUR}


@route("POST /v1/billing/meters")
def create(world: World, params: Params) -> Object:
    refuse(params, "billing.meters.create", "event_time_window")
    now = int(world.now)
    if any(each["event_name"] == params["event_name"] for each in _active(world)):
        raise invalid(f"An active meter already exists for the event name {params['event_name']}.", "event_name")
    mapping: Object = params.get("customer_mapping", {"type": "by_id", "event_payload_key": "stripe_customer_id"})
    version: Object = {
        "id": f"mtr_test_{world.ids.text('mtr')}",
        "object": "billing.meter",
        "created": now,
        "customer_mapping": mapping,
        "default_aggregation": params["default_aggregation"],
        "display_name": params["display_name"],
        "event_name": params["event_name"],
        "event_time_window": None,
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": now,
        "value_settings": params.get("value_settings", {"event_payload_key": "value"}),
    }
    return world.create(version, "billing.meter.created")


def _active(world: World) -> list[Object]:
    return [each for each in world.store.of_kind("billing.meter") if each["status"] == "active"]


@route("GET /v1/billing/meters")
def list_all(world: World, params: Params) -> Object:
    return page_of(matching(world.store.of_kind("billing.meter"), params, "status"), params, "/v1/billing/meters")


@route("GET /v1/billing/meters/{id}")
def retrieve(world: World, _params: Params, id: str) -> Object:
    return world.get("billing.meter", id)


@route("POST /v1/billing/meters/{id}")
def update(world: World, params: Params, id: str) -> Object:
    meter = world.get("billing.meter", id)
    name = params.get("display_name", meter["display_name"])
    return world.change(meter, "billing.meter.updated", display_name=name, updated=int(world.now))


@route("POST /v1/billing/meters/{id}/deactivate")
def deactivate(world: World, _params: Params, id: str) -> Object:
    meter, now = world.get("billing.meter", id), int(world.now)
    changes = {"status": "inactive", "status_transitions": {"deactivated_at": now}, "updated": now}
    return world.change(meter, "billing.meter.deactivated", **changes)


@route("POST /v1/billing/meters/{id}/reactivate")
def reactivate(world: World, _params: Params, id: str) -> Object:
    meter, now = world.get("billing.meter", id), int(world.now)
    changes = {"status": "active", "status_transitions": {"deactivated_at": None}, "updated": now}
    return world.change(meter, "billing.meter.reactivated", **changes)


@route("POST /v1/billing/meter_events")
def record(world: World, params: Params) -> Object:
    """An identifier counts once in 24 hours; the timestamp lies within 35 days past and 5 minutes to come."""
    meter = next((each for each in _active(world) if each["event_name"] == params["event_name"]), None)
    if meter is None:
        raise invalid(f"No active meter found for event name {params['event_name']}.", "event_name", "resource_missing")
    payload: Object = params["payload"]
    customer_id = payload.get(meter["customer_mapping"]["event_payload_key"], "")
    customer = world.get("customer", customer_id, "payload[stripe_customer_id]")
    now = world.time_of(customer)
    at: int = params.get("timestamp", now)
    if not now - OLDEST_SECONDS <= at <= now + NEWEST_SECONDS:
        raise invalid(
            "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.",
            "timestamp",
            "timestamp_invalid",
        )
    identifier: str = params.get("identifier") or world.ids.text("identifier")
    for held in world.store.children("billing.meter_event", "customer", customer_id):
        if held["identifier"] == identifier and held["_made"] > world.now - DAY:
            raise invalid(f"An event already exists with identifier {identifier}.", "identifier")
    version: Object = {
        "id": f"mtrevt_{world.ids.text('mtrevt')}",
        "object": "billing.meter_event",
        "created": now,
        "event_name": params["event_name"],
        "identifier": identifier,
        "livemode": False,
        "payload": payload,
        "timestamp": at,
        "_meter": meter["id"],
        "_customer": customer_id,
        "_value": str(_value(meter, payload)),
        "_cancelled": False,
        "_made": world.now,
    }
    world.create(version)
    return {name: value for name, value in version.items() if name != "id"}


def _value(meter: Object, payload: Object) -> Decimal:
    if meter["default_aggregation"]["formula"] == "count":
        return Decimal(1)
    key: str = meter["value_settings"]["event_payload_key"]
    try:
        value = Decimal(payload.get(key, ""))
    except InvalidOperation:
        raise invalid(f"The payload needs a number under {key}.", f"payload[{key}]") from None
    if not value.is_finite() or value < 0:
        raise invalid(f"The payload needs a number of 0 or more under {key}.", f"payload[{key}]")
    return value


@route("POST /v1/billing/meter_event_adjustments")
def adjust(world: World, params: Params) -> Object:
    """Cancels an event by its identifier, within 24 hours of it."""
    identifier = inside(params, "cancel", "identifier")
    if params["type"] != "cancel" or not identifier:
        raise invalid("Missing required param: cancel[identifier].", "cancel[identifier]", "parameter_missing")
    for held in world.store.of_kind("billing.meter_event"):
        named = held["identifier"] == identifier and held["event_name"] == params["event_name"]
        if named and held["_made"] > world.now - DAY:
            world.change(held, None, _cancelled=True)
            return {
                "object": "billing.meter_event_adjustment",
                "cancel": {"identifier": identifier},
                "event_name": params["event_name"],
                "livemode": False,
                "status": "complete",
                "type": "cancel",
            }
    raise invalid(
        f"No meter event of the past 24 hours has the identifier {identifier}.",
        "cancel[identifier]",
        "resource_missing",
    )


@route("GET /v1/billing/meters/{id}/event_summaries")
def summaries(world: World, params: Params, id: str) -> Object:
    """The aggregate from `start_time` to `end_time`, whole or by day or hour; newest first."""
    world.get("billing.meter", id)
    required(params, "customer", "start_time", "end_time")
    start, end = params["start_time"], params["end_time"]
    step = WINDOWS.get(params.get("value_grouping_window", ""), max(1, end - start))
    found = [_summary(world, id, params["customer"], at, min(at + step, end)) for at in range(start, end, step)]
    url = f"/v1/billing/meters/{id}/event_summaries"
    return page_of(found, params, url) if found else list_of([], url)


def _summary(world: World, meter: str, customer: str, start: int, end: int) -> Object:
    return {
        "id": f"mtrusg_test_{spelled(f'{meter}:{customer}:{start}:{end}', 24)}",
        "object": "billing.meter_event_summary",
        "aggregated_value": float(counted(world, meter, customer, (start, end))),
        "end_time": end,
        "livemode": False,
        "meter": meter,
        "start_time": start,
    }
