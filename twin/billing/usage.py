"""Metered items: what meters counted, billed in arrears. https://docs.stripe.com/billing/subscriptions/usage-based"""

from collections.abc import Iterable
from decimal import Decimal

from twin.billing.lines import recurring_line
from twin.core.store import Object
from twin.core.world import World
from twin.money.amounts import rounded


def usage_lines(world: World, subscription: Object, items: Iterable[Object], period: tuple[int, int]) -> list[Object]:
    """A line for each metered item: what its meter counted in the period that has ended."""
    lines: list[Object] = []
    for item in items:
        if item["price"]["recurring"]["usage_type"] == "metered":
            meter_id = item["price"]["recurring"]["meter"]
            used = counted(world, meter_id, subscription["customer"], period) if meter_id else Decimal(0)
            lines.append(recurring_line(world, subscription, item, rounded(used), period))
    return lines


def counted(world: World, meter_id: str, customer: str, period: tuple[int, int]) -> Decimal:
    """The meter's aggregate over `[start, end)` for the customer."""
    meter = world.get("billing.meter", meter_id)
    values = [
        Decimal(each["_value"])
        for each in world.store.children("billing.meter_event", "customer", customer)
        if each["_meter"] == meter_id and not each["_cancelled"] and period[0] <= each["timestamp"] < period[1]
    ]
    match meter["default_aggregation"]["formula"]:
        case "count":
            return Decimal(len(values))
        case "last":
            return values[-1] if values else Decimal(0)
        case _:
            return sum(values, Decimal(0))
