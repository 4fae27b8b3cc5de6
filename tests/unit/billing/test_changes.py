"""What a wished change comes to, on the demo catalogue: which items, when, and in which of Stripe's parameters."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from billing.catalogue import load_catalogue
from billing.change_requests import PriceIds, items_for, later_for, phases_for, preview_for, update_for
from billing.changes import (
    AddOnWish,
    Change,
    Keep,
    OneTime,
    PlanWish,
    QuantityWish,
    Timing,
    add_on_for,
    change_plan_for,
    change_quantity_for,
)
from billing.current import Current, current_from
from billing.model import Catalogue, Interval, Price
from billing.refusals import Refusal, RefusalCode

NOW, END = 1_772_366_400, 1_775_044_800


@cache
def catalogue() -> Catalogue:
    return load_catalogue(Path("catalogue.yaml"))


def prices() -> Mapping[str, Price]:
    every = (*catalogue().plans, *catalogue().add_ons)
    return {price.lookup_key or "": price for plan in every for price in plan.prices}


def ids() -> PriceIds:
    return {price: f"price_{key}" for key, price in prices().items()}


def current(*held: str, schedule: Any = None, **more: Any) -> Current:
    """A subscription with an item for each lookup key; `seats_monthly*3` for three."""
    items: list[Any] = []
    for text in held:
        key, _, count = text.partition("*")
        price = prices().get(key)
        interval = {"interval": price.interval.value, "interval_count": 1} if price else {"interval": "month"}
        metered = price is not None and price.meter is not None
        item = {"id": f"si_{key}", "price": {"id": f"price_{key}", "lookup_key": key, "recurring": interval}}
        items.append({**item, "quantity": None if metered else int(count or 1), "current_period_end": END})
    value = {"id": "sub_1", "customer": "cus_1", "status": "active", "currency": "usd", "created": NOW, **more}
    found = current_from({**value, "items": {"data": items}, "schedule": schedule})
    assert found is not None
    return found


SCHEDULE = {
    "id": "sub_sched_1",
    "status": "active",
    "current_phase": {"start_date": NOW, "end_date": END},
    "phases": [{"start_date": NOW, "end_date": END}, {"start_date": END, "end_date": END + 1000}],
}


def planned(held: Current, plan: str, **more: Any) -> Change:
    found = change_plan_for(held, catalogue(), PlanWish(plan, **more))
    assert isinstance(found, Change), found
    return found


@pytest.mark.parametrize(
    ("held", "plan", "interval", "timing"),
    [
        ("free_monthly", "pro", None, Timing.NOW),
        ("pro_monthly", "enterprise", None, Timing.NOW),
        ("pro_annual", "enterprise", Interval.MONTH, Timing.NOW),
        ("pro_monthly", "pro", Interval.YEAR, Timing.NOW),
        ("pro_annual", "pro", Interval.MONTH, Timing.AT_PERIOD_END),
        ("enterprise_monthly", "pro", None, Timing.AT_PERIOD_END),
        ("enterprise_monthly", "pro", Interval.YEAR, Timing.AT_PERIOD_END),
        ("pro_monthly", "free", None, Timing.AT_PERIOD_END),
    ],
)
def test_what_costs_more_is_now_and_what_costs_less_at_the_periods_end(
    held: str, plan: str, interval: Interval | None, timing: Timing
) -> None:
    assert planned(current(held), plan, interval=interval).timing is timing
    for asked in Timing:
        assert planned(current(held), plan, interval=interval, timing=asked).timing is asked
    assert planned(current(held, status="trialing"), plan, interval=interval).timing is Timing.NOW


def test_a_change_of_plan_swaps_the_item_and_what_comes_with_it_and_keeps_the_rest() -> None:
    held = current("pro_monthly", "seats_monthly*3", "somebody_elses")
    up = planned(held, "enterprise")
    assert items_for(held, up, ids()) == [
        {"id": "si_pro_monthly", "price": "price_enterprise_monthly", "quantity": 1},
        {"price": "price_enterprise_api_calls"},
    ]
    back = current("enterprise_monthly", "enterprise_api_calls", "seats_monthly*3")
    assert items_for(back, planned(back, "pro"), ids()) == [
        {"id": "si_enterprise_monthly", "price": "price_pro_monthly", "quantity": 1},
        {"id": "si_enterprise_api_calls", "deleted": True},
    ]


def test_an_add_on_that_cannot_be_paid_as_often_stands_in_the_way() -> None:
    refusal = change_plan_for(current("pro_monthly", "seats_monthly*3"), catalogue(), PlanWish("pro", Interval.YEAR))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.path) == (RefusalCode.NOT_ON_SALE, ("interval",))
    assert "changeQuantity" in refusal.message


def test_the_present_plan_is_no_change_but_drops_one_that_waits() -> None:
    refusal = change_plan_for(current("pro_monthly"), catalogue(), PlanWish("pro"))
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.NOTHING_CHANGES
    assert change_plan_for(current("pro_monthly", schedule=SCHEDULE), catalogue(), PlanWish("pro")) == Keep()


@pytest.mark.parametrize(
    ("held", "wish", "code", "path"),
    [
        ("pro_monthly", PlanWish("gold"), RefusalCode.NOT_ON_SALE, ("plan",)),
        ("pro_monthly", PlanWish("seats"), RefusalCode.NOT_ON_SALE, ("plan",)),
        ("pro_monthly", PlanWish("free", Interval.YEAR), RefusalCode.NOT_ON_SALE, ("interval",)),
        ("seats_monthly", PlanWish("pro"), RefusalCode.NOT_ON_SALE, ()),
        ("pro_monthly", QuantityWish(2), RefusalCode.QUANTITY_NOT_ALLOWED, ("plan",)),
        ("pro_monthly seats_monthly*3", QuantityWish(2, "pro"), RefusalCode.QUANTITY_NOT_ALLOWED, ("plan",)),
        ("pro_monthly seats_monthly*3", QuantityWish(3), RefusalCode.NOTHING_CHANGES, ("quantity",)),
        ("pro_monthly seats_monthly*3", QuantityWish(-1), RefusalCode.QUANTITY_NOT_ALLOWED, ("quantity",)),
        ("pro_monthly seats_monthly*3", QuantityWish(10**6), RefusalCode.QUANTITY_NOT_ALLOWED, ("quantity",)),
        ("seats_monthly*3", QuantityWish(0, "seats"), RefusalCode.QUANTITY_NOT_ALLOWED, ("quantity",)),
        ("pro_monthly", AddOnWish("pro"), RefusalCode.NOT_ON_SALE, ("addOn",)),
        ("pro_annual", AddOnWish("seats"), RefusalCode.NOT_ON_SALE, ("interval",)),
        ("pro_monthly", AddOnWish("project_pack", 2), RefusalCode.QUANTITY_NOT_ALLOWED, ("quantity",)),
        ("pro_monthly seats_monthly*3", AddOnWish("seats"), RefusalCode.ALREADY_SUBSCRIBED, ("addOn",)),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_at_fault(
    held: str, wish: PlanWish | QuantityWish | AddOnWish, code: RefusalCode, path: tuple[str, ...]
) -> None:
    now = current(*held.split())
    match wish:
        case PlanWish():
            refusal = change_plan_for(now, catalogue(), wish)
        case QuantityWish():
            refusal = change_quantity_for(now, catalogue(), wish)
        case AddOnWish():
            refusal = add_on_for(now, catalogue(), wish)
    assert isinstance(refusal, Refusal), refusal
    assert (refusal.code, refusal.path) == (code, path), refusal.message


def test_a_currency_in_which_the_plan_has_no_price_is_said() -> None:
    refusal = change_plan_for(current("pro_monthly", currency="gbp"), catalogue(), PlanWish("enterprise"))
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.CURRENCY_NOT_OFFERED


def test_more_seats_are_had_now_and_fewer_from_the_next_period_on() -> None:
    held = current("pro_monthly", "seats_monthly*3")
    more, fewer = (change_quantity_for(held, catalogue(), QuantityWish(count)) for count in (5, 2))
    assert isinstance(more, Change)
    assert isinstance(fewer, Change)
    assert (more.timing, fewer.timing) == (Timing.NOW, Timing.AT_PERIOD_END)
    assert items_for(held, more, {}) == [{"id": "si_seats_monthly", "quantity": 5}]
    none = change_quantity_for(held, catalogue(), QuantityWish(0, "seats", Timing.NOW))
    assert isinstance(none, Change)
    assert items_for(held, none, {}) == [{"id": "si_seats_monthly", "deleted": True}]


def test_an_add_on_comes_as_an_item_or_is_bought_once() -> None:
    held = current("pro_monthly")
    seats = add_on_for(held, catalogue(), AddOnWish("seats", 4))
    assert isinstance(seats, Change)
    assert items_for(held, seats, ids()) == [{"price": "price_seats_monthly", "quantity": 4}]
    assert add_on_for(held, catalogue(), AddOnWish("project_pack")) == OneTime(prices()["project_pack_once"], 1)


def test_now_is_billed_at_once_or_not_at_all_and_a_trial_owes_nothing() -> None:
    held, at = current("pro_monthly"), datetime.fromtimestamp(NOW, UTC)
    change = planned(held, "enterprise")
    update = update_for(held, change, ids(), at)
    assert update.pop("items") == items_for(held, change, ids())
    assert update == {
        "proration_behavior": "always_invoice",
        "payment_behavior": "error_if_incomplete",
        "proration_date": NOW,
    }
    trial = current("pro_monthly", status="trialing")
    update = update_for(trial, planned(trial, "enterprise"), ids(), at)
    assert (update["proration_behavior"], update.keys()) == ("none", {"items", "proration_behavior"})
    shown = preview_for(held, change, ids(), now=True, prorated_at=at)["subscription_details"]
    assert (shown["proration_behavior"], shown["proration_date"]) == ("always_invoice", NOW)


def test_later_is_a_phase_after_the_present_one_with_the_same_discounts() -> None:
    held = current("enterprise_monthly", "enterprise_api_calls", "seats_monthly*3", discounts=["di_1"])
    later = later_for(held, planned(held, "pro"), ids())
    assert later == {
        "items": [{"price": "price_pro_monthly", "quantity": 1}, {"price": "price_seats_monthly", "quantity": 3}],
        "duration": {"interval": "month", "interval_count": 1},
        "proration_behavior": "none",
        "discounts": [{"discount": "di_1"}],
    }
    present: dict[str, Any] = {"items": [{"price": "price_api", "quantity": None}], "start_date": NOW, "end_date": END}
    shown: dict[str, Any] = {
        **present,
        "discounts": [{"coupon": None, "discount": "di_1"}],
        "trial_end": None,
        "metadata": {},
    }
    before: dict[str, Any] = {"start_date": 0, "end_date": NOW, "items": []}
    assert phases_for({**SCHEDULE, "phases": [before, shown]}, later) == [
        {**present, "items": [{"price": "price_api"}], "discounts": [{"discount": "di_1"}]},
        later,
    ]


def test_only_a_phase_that_is_to_come_is_a_change_that_waits() -> None:
    assert current("pro_monthly", schedule=SCHEDULE).scheduled_at == datetime.fromtimestamp(END, UTC)
    last = {**SCHEDULE, "current_phase": {"start_date": END, "end_date": END + 1000}}
    held = current("pro_monthly", schedule=last)
    assert (held.scheduled_at, held.schedule_id, held.standing.scheduled) == (None, "sub_sched_1", False)
    done = {**SCHEDULE, "status": "released"}
    assert current("pro_monthly", schedule=done).schedule_id is None
