"""Schedules, usage, checkout and portal."""

import time

import pytest
import stripe

from tests.twin.stage import Stage, scenario
from tests.twin.steps import DAY, MONTH, customer, price, status, subscription, types


@scenario
def a_price_that_is_raised_later(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage, amount=1000)
    dearer = price(stage, 1500)
    schedule = v1.subscription_schedules.create({"from_subscription": held.id})
    assert v1.subscriptions.retrieve(held.id).schedule == schedule.id
    first = schedule.phases[0]
    phases = [
        {
            "items": [{"price": first["items"][0].price, "quantity": 1}],
            "start_date": first.start_date,
            "end_date": first.end_date,
        },
        {"items": [{"price": dearer.id, "quantity": 1}], "duration": {"interval": "month"}},
    ]
    assert len(v1.subscription_schedules.update(schedule.id, {"phases": phases}).phases) == 2
    stage.advance(held.test_clock, MONTH)
    assert v1.subscriptions.retrieve(held.id)["items"].data[0].price.id == dearer.id
    assert v1.invoices.list({"subscription": held.id}).data[0].total == 1500
    stage.advance(held.test_clock, MONTH)
    ended = v1.subscription_schedules.retrieve(schedule.id)
    assert (ended.status, ended.released_subscription) == ("released", held.id)
    assert v1.subscriptions.retrieve(held.id).schedule is None
    assert {"subscription_schedule.expiring", "subscription_schedule.completed"} <= set(types(stage, held))
    assert v1.subscription_schedules.list({"customer": held.customer}).data[0].id == schedule.id


@scenario
def schedules_that_begin_end_and_let_go(stage: Stage) -> None:
    v1 = stage.v1
    clock = stage.clock()
    payer, plan = customer(stage, test_clock=clock), price(stage)
    now = v1.test_helpers.test_clocks.retrieve(clock).frozen_time
    phase = {"items": [{"price": plan.id}], "duration": {"interval": "month"}}
    later = v1.subscription_schedules.create(
        {"customer": payer.id, "start_date": now + 5 * DAY, "phases": [phase], "end_behavior": "cancel"}
    )
    assert (later.status, later.subscription) == ("not_started", None)
    stage.advance(clock, 6 * DAY)
    begun = v1.subscription_schedules.retrieve(later.id)
    assert (begun.status, v1.subscriptions.retrieve(begun.subscription).status) == ("active", "active")
    stage.advance(clock, MONTH)
    assert v1.subscriptions.retrieve(begun.subscription).status == "canceled"
    now = v1.test_helpers.test_clocks.retrieve(clock).frozen_time
    one = v1.subscription_schedules.create({"customer": payer.id, "start_date": "now", "phases": [phase]})
    assert v1.subscription_schedules.release(one.id).status == "released"
    two = v1.subscription_schedules.create({"customer": payer.id, "start_date": now + 5 * DAY, "phases": [phase]})
    assert v1.subscription_schedules.cancel(two.id).status == "canceled"


@scenario
def usage_that_is_metered(stage: Stage) -> None:
    v1 = stage.v1
    name = stage.unique("api_calls")
    meter = v1.billing.meters.create(
        {"display_name": "Calls", "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    metered = price(stage, 3, recurring={"interval": "month", "usage_type": "metered", "meter": meter.id})
    clock = stage.clock()
    payer = customer(stage, test_clock=clock)
    held = v1.subscriptions.create({"customer": payer.id, "items": [{"price": metered.id}]})
    now = v1.test_helpers.test_clocks.retrieve(clock).frozen_time
    for identifier, value in (("a", "100"), ("b", "20")):
        payload = {"stripe_customer_id": payer.id, "value": value}
        v1.billing.meter_events.create(
            {"event_name": name, "payload": payload, "identifier": name + identifier, "timestamp": now}
        )
    payload = {"stripe_customer_id": payer.id, "value": "1"}
    with pytest.raises(stripe.InvalidRequestError):
        v1.billing.meter_events.create(
            {"event_name": name, "payload": payload, "identifier": name + "a", "timestamp": now}
        )
    v1.billing.meter_event_adjustments.create(
        {"event_name": name, "type": "cancel", "cancel": {"identifier": name + "b"}}
    )
    start = now - now % 3600
    asked = {"customer": payer.id, "start_time": start, "end_time": start + 7200}
    assert v1.billing.meters.event_summaries.list(meter.id, asked).data[0].aggregated_value == 100
    stage.advance(clock, MONTH)
    assert v1.invoices.list({"subscription": held.id}).data[0].total == 300
    assert v1.billing.meters.update(meter.id, {"display_name": "API calls"}).display_name == "API calls"
    assert v1.billing.meters.retrieve(meter.id).status == "active"
    assert meter.id in [each.id for each in v1.billing.meters.list({"limit": 100}).data]
    assert v1.billing.meters.deactivate(meter.id).status == "inactive"
    assert v1.billing.meters.reactivate(meter.id).status == "active"
    assert status(stage, held) == "active"


@scenario
def a_checkout_that_is_opened_and_closed(stage: Stage) -> None:
    v1 = stage.v1
    plan = price(stage)
    asked = {
        "mode": "subscription",
        "line_items": [{"price": plan.id, "quantity": 2}],
        "success_url": "https://example.test/ok?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://example.test/no",
        "client_reference_id": "member-1",
        "customer_email": "new@example.test",
        "subscription_data": {"metadata": {"member_id": "member-1"}, "trial_period_days": 14},
    }
    session = v1.checkout.sessions.create(asked)
    assert (session.status, session.payment_status, session.client_reference_id) == ("open", "unpaid", "member-1")
    assert session.amount_subtotal == 5800
    assert session.url.startswith("http")
    assert v1.checkout.sessions.line_items.list(session.id).data[0].quantity == 2
    shown = v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})
    assert shown.line_items.data[0].price.id == plan.id
    assert v1.checkout.sessions.update(session.id, {"metadata": {"a": "b"}}).metadata["a"] == "b"
    assert session.id in [each.id for each in v1.checkout.sessions.list({"limit": 100}).data]
    assert v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        v1.checkout.sessions.expire(session.id)
    with pytest.raises(stripe.InvalidRequestError):
        v1.checkout.sessions.create({**asked, "mode": "payment"})
    assert session.expires_at > time.monotonic()


@scenario
def a_door_to_the_portal(stage: Stage) -> None:
    v1 = stage.v1
    plan = price(stage)
    products = [{"product": plan.product, "prices": [plan.id]}]
    features = {
        "subscription_update": {"enabled": True, "default_allowed_updates": ["price"], "products": products},
        "subscription_cancel": {"enabled": True},
    }
    configuration = v1.billing_portal.configurations.create(
        {"features": features, "business_profile": {"headline": "Hello"}}
    )
    assert v1.billing_portal.configurations.retrieve(configuration.id).business_profile.headline == "Hello"
    assert v1.billing_portal.configurations.update(configuration.id, {"name": "Main"}).name == "Main"
    assert configuration.id in [each.id for each in v1.billing_portal.configurations.list({"limit": 100}).data]
    payer = customer(stage)
    asked = {"customer": payer.id, "return_url": "https://example.test/", "configuration": configuration.id}
    session = v1.billing_portal.sessions.create(asked)
    assert (session.customer, session.url.startswith("http")) == (payer.id, True)


@scenario
def a_year_that_becomes_months_at_its_end(stage: Stage) -> None:
    """Billed once where the interval changes, by a phase that keeps the discount it names and no other."""
    v1 = stage.v1
    coupon = v1.coupons.create({"percent_off": 10, "duration": "forever"})
    yearly = price(stage, 12000, recurring={"interval": "year"})
    monthly = price(stage, 2000)
    for keeps, total in ((True, 1800), (False, 2000)):
        clock = stage.clock()
        payer = customer(stage, test_clock=clock)
        asked = {"customer": payer.id, "items": [{"price": yearly.id}], "discounts": [{"coupon": coupon.id}]}
        held = v1.subscriptions.create(asked)
        schedule = v1.subscription_schedules.create({"from_subscription": held.id})
        first = schedule.phases[0]
        named = [{"discount": first.discounts[0].discount}]
        assert named == [{"discount": held.discounts[0]}]
        present = {"items": [{"price": yearly.id}], "start_date": first.start_date, "end_date": first.end_date}
        later = {"items": [{"price": monthly.id}], "duration": {"interval": "month"}, "proration_behavior": "none"}
        later |= {"discounts": named} if keeps else {}
        v1.subscription_schedules.update(schedule.id, {"phases": [{**present, "discounts": named}, later]})
        stage.advance(clock, 366 * DAY)
        changed = v1.subscriptions.retrieve(held.id)
        assert [item.price.id for item in changed["items"].data] == [monthly.id]
        assert changed["items"].data[0].current_period_start == first.end_date
        totals = [each.total for each in v1.invoices.list({"subscription": held.id}).data]
        assert totals == [total, 10800]


@scenario
def what_is_metered_in_a_schedule(stage: Stage) -> None:
    v1 = stage.v1
    meter = v1.billing.meters.create(
        {
            "display_name": "Calls",
            "event_name": stage.unique("calls"),
            "default_aggregation": {"formula": "sum"},
        }
    )
    metered = price(stage, 3, recurring={"interval": "month", "usage_type": "metered", "meter": meter.id})
    dear, cheap = price(stage, 9900), price(stage, 1900)
    clock = stage.clock()
    payer = customer(stage, test_clock=clock)
    held = v1.subscriptions.create({"customer": payer.id, "items": [{"price": dear.id}, {"price": metered.id}]})
    schedule = v1.subscription_schedules.create({"from_subscription": held.id})
    first = schedule.phases[0]
    present = {"items": [{"price": dear.id, "quantity": 1}, {"price": metered.id}]}
    present |= {"start_date": first.start_date, "end_date": first.end_date}
    later = {"items": [{"price": cheap.id, "quantity": 1}], "duration": {"interval": "month"}}
    v1.subscription_schedules.update(schedule.id, {"phases": [present, later]})
    assert len(v1.subscriptions.retrieve(held.id)["items"].data) == 2
    stage.advance(clock, MONTH)
    assert [item.price.id for item in v1.subscriptions.retrieve(held.id)["items"].data] == [cheap.id]


@scenario
def a_schedule_is_asked_about_the_end_and_ends_with_its_subscription(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    schedule = v1.subscription_schedules.create({"from_subscription": held.id})
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        v1.subscriptions.update(held.id, {"cancel_at_period_end": True})
    assert v1.subscriptions.cancel(held.id).status == "canceled"
    assert v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    stage.advance(held.test_clock, MONTH)
    assert status(stage, held) == "canceled"
