"""Whole lives in process: months in milliseconds, and the same again for the same seed."""

import orjson
import pytest

from tests.twin.lives import DAY, Shop
from twin.core.settings import Account
from twin.truth import granted, right_between, spans_of, state_at, timelines_of


def a_year(seed: str) -> Shop:
    shop = Shop(seed)
    loyal, failing, trying = shop.customer(), shop.customer("pm_card_visa"), shop.customer(None)
    shop.subscribe(loyal)
    shop.subscribe(failing, "team")
    shop.subscribe(trying, "basic", trial_period_days=14)
    shop.twin.advance(days=100)
    shop.use(failing, "pm_card_chargeCustomerFail")
    shop.twin.advance(days=265)
    return shop


def test_a_year_is_the_same_for_the_same_seed() -> None:
    first, again, other = a_year("one"), a_year("one"), a_year("two")
    assert [orjson.dumps(event) for event in first.twin.events()] == [
        orjson.dumps(event) for event in again.twin.events()
    ]
    assert first.told() == other.told()
    assert {event["id"] for event in first.twin.events()}.isdisjoint(event["id"] for event in other.twin.events())


def test_a_year_of_renewals_is_billed_twelve_times() -> None:
    shop = Shop()
    shop.subscribe(shop.customer())
    shop.twin.advance(days=364)
    invoices = shop.twin.objects("invoice")
    assert [each["billing_reason"] for each in invoices] == ["subscription_create", *["subscription_cycle"] * 11]
    assert {each["status"] for each in invoices} == {"paid"}
    starts = [each["lines"]["data"][0]["period"]["start"] for each in invoices]
    ends = [each["lines"]["data"][0]["period"]["end"] for each in invoices]
    assert starts[1:] == ends[:-1]


@pytest.mark.parametrize("after", ["cancel", "unpaid", "past_due"])
def test_retries_end_as_the_account_says(after: str) -> None:
    shop = Shop(account=Account(after_retries=after, retry_after_days=(1, 3, 5)))
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.use(customer, "pm_card_chargeCustomerFail")
    shop.twin.advance(days=32)
    assert shop.status(subscription) == "past_due"
    shop.twin.advance(days=10)
    assert shop.status(subscription) == {"cancel": "canceled"}.get(after, after)
    failed = [event for event in shop.twin.events() if event["type"] == "invoice.payment_failed"]
    anchor = failed[0]["created"]
    assert [event["created"] - anchor for event in failed] == [0, DAY, 3 * DAY, 5 * DAY]


def test_a_late_payment_revives_unpaid_but_never_canceled() -> None:
    for after, ended in (("unpaid", "active"), ("cancel", "canceled")):
        shop = Shop(account=Account(after_retries=after, retry_after_days=(1,)))
        customer = shop.customer()
        subscription = shop.subscribe(customer)
        shop.use(customer, "pm_card_chargeCustomerFail")
        shop.twin.advance(days=40)
        [owed] = [each for each in shop.twin.objects("invoice") if each["status"] == "open"]
        shop.use(customer, "pm_card_visa")
        shop.twin.call(f"POST /v1/invoices/{owed['id']}/pay")
        assert shop.status(subscription) == ended


def test_a_hard_decline_is_counted_but_not_charged_again() -> None:
    shop = Shop(account=Account(retry_after_days=(1, 3, 5)))
    customer = shop.customer()
    shop.subscribe(customer)
    shop.use(customer, "pm_card_lostLater")
    shop.twin.advance(days=45)
    assert shop.told().count("charge.failed") == 1
    assert shop.twin.objects("invoice")[-1]["attempt_count"] == 4


def test_a_card_that_expires_is_refused_from_then_on() -> None:
    shop = Shop()
    customer = shop.customer(None)
    method = shop.twin.call(
        "POST /v1/payment_methods", type="card", card={"number": "4242424242424242", "exp_month": 2, "exp_year": 2026}
    )
    shop.twin.call(f"POST /v1/payment_methods/{method['id']}/attach", customer=customer)
    subscription = shop.subscribe(customer, default_payment_method=method["id"])
    shop.twin.advance(days=33)
    assert shop.status(subscription) == "active"
    shop.twin.advance(days=30)
    assert shop.status(subscription) == "past_due"
    assert [each["failure_code"] for each in shop.twin.objects("charge") if each["status"] == "failed"][:1] == [
        "expired_card"
    ]


def test_events_hold_what_was_when_they_were_made() -> None:
    shop = Shop()
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    before = orjson.dumps(shop.twin.events())
    count = len(shop.twin.events())
    shop.twin.advance(days=90)
    shop.twin.call(f"DELETE /v1/subscriptions/{subscription}")
    assert orjson.dumps(shop.twin.events()[:count]) == before


def test_previous_attributes_lead_from_each_event_to_the_one_before() -> None:
    """Undoing an update gives what the event before it showed."""
    shop = a_year("back")
    shown: dict[str, dict[str, object]] = {}
    undone = 0
    for event in shop.twin.events():
        subject = event["data"]["object"]
        if subject["object"] != "subscription":
            continue
        previous = event["data"].get("previous_attributes")
        if previous:
            before = shown[subject["id"]]
            assert {name: before[name] for name in previous if not isinstance(previous[name], dict)} == {
                name: value for name, value in previous.items() if not isinstance(value, dict)
            }
            undone += 1
        shown[subject["id"]] = subject
    assert undone > 20


def test_a_refused_request_leaves_nothing_behind() -> None:
    shop = Shop()
    customer = shop.customer("pm_card_chargeCustomerFail")
    state, log = orjson.dumps(state_at(shop.twin.log, shop.twin.now), default=str), len(shop.twin.log)
    with pytest.raises(Exception, match="declined"):
        shop.subscribe(customer, payment_behavior="error_if_incomplete")
    assert len(shop.twin.log) == log
    assert orjson.dumps(state_at(shop.twin.log, shop.twin.now), default=str) == state


def test_the_log_says_what_was_true_when() -> None:
    shop = Shop()
    customer = shop.customer()
    start = shop.twin.now
    subscription = shop.subscribe(customer, "basic")
    shop.twin.advance(days=10)
    changed = shop.twin.now
    item = shop.twin.call(f"GET /v1/subscriptions/{subscription}")["items"]["data"][0]["id"]
    shop.twin.call(f"POST /v1/subscriptions/{subscription}", items=[{"id": item, "price": shop.prices["pro"]}])
    shop.twin.advance(days=10)
    ended = shop.twin.now
    shop.twin.call(f"DELETE /v1/subscriptions/{subscription}")
    shop.twin.advance(days=1)
    log = shop.twin.log
    at = [
        granted(state_at(log, moment), customer, shop.features)
        for moment in (start - 1, start, changed, ended, shop.twin.now)
    ]
    assert at == [set(), {"basic"}, {"pro"}, set(), set()]
    timeline = timelines_of(log, shop.features)[customer]
    assert timeline == [(start, {"basic"}), (changed, {"pro"}), (ended, set())]
    for moment in (start - 1, start, start + 1, changed - 1, changed, ended - 1, ended, ended + 1):
        assert right_between(timeline, moment, moment) == [granted(state_at(log, moment), customer, shop.features)]
    assert right_between(timeline, start, shop.twin.now) == [{"basic"}, {"pro"}, set()]
    statuses = [span.version and span.version["status"] for span in spans_of(log, subscription)]
    assert (statuses[0], statuses[-1]) == ("incomplete", "canceled")


def test_a_card_that_the_network_replaces_goes_on() -> None:
    shop = Shop()
    customer = shop.customer("pm_card_updatesItself")
    subscription = shop.subscribe(customer)
    shop.twin.advance(days=120)
    assert shop.status(subscription) == "active"
    [told] = [event for event in shop.twin.events() if event["type"] == "payment_method.automatically_updated"]
    before, after = told["data"]["previous_attributes"]["card"], told["data"]["object"]["card"]
    assert before["exp_year"] < after["exp_year"]


def test_what_a_customer_is_owed_is_used_up_first() -> None:
    shop = Shop()
    customer = shop.customer()
    shop.twin.call(f"POST /v1/customers/{customer}/balance_transactions", amount=-1000, currency="usd")
    shop.subscribe(customer)
    assert [each["amount"] for each in shop.twin.objects("charge")] == [1900]
    assert shop.twin.call(f"GET /v1/customers/{customer}")["balance"] == 0
    entries = shop.twin.call(f"GET /v1/customers/{customer}/balance_transactions")["data"]
    assert [(each["type"], each["amount"], each["ending_balance"]) for each in entries] == [
        ("applied_to_invoice", 1000, 0),
        ("adjustment", -1000, -1000),
    ]
