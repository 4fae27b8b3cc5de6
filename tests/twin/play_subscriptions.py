"""Subscriptions: their eight states and the ways between them."""

import pytest
import stripe

from tests.twin.stage import Stage, scenario, twin_only
from tests.twin.steps import DAY, MONTH, customer, price, status, subscription, types


@scenario
def a_month_after_another(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    assert held.status == "active"
    period = held["items"].data[0]
    stage.advance(held.test_clock, MONTH)
    renewed = v1.subscriptions.retrieve(held.id)["items"].data[0]
    assert renewed.current_period_start == period.current_period_end
    assert [each.status for each in v1.invoices.list({"subscription": held.id}).data] == ["paid", "paid"]
    assert v1.subscriptions.list({"customer": held.customer}).data[0].id == held.id
    assert v1.subscription_items.list({"subscription": held.id}).data[0].id == period.id
    v1.subscriptions.search({"query": "status:'active'"})


@scenario
def a_first_payment_that_fails(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage, "pm_card_chargeCustomerFail")
    assert held.status == "incomplete"
    with pytest.raises(stripe.CardError):
        v1.invoices.pay(held.latest_invoice)
    stage.advance(held.test_clock, DAY)
    assert status(stage, held) == "incomplete_expired"
    assert v1.invoices.retrieve(held.latest_invoice).status == "void"
    with pytest.raises(stripe.CardError):
        subscription(stage, "pm_card_chargeCustomerFail", payment_behavior="error_if_incomplete")


@scenario
def a_first_payment_left_to_the_browser(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(
        stage, None, payment_behavior="default_incomplete", expand=["latest_invoice.confirmation_secret"]
    )
    assert held.status == "incomplete"
    intent_id = held.latest_invoice.confirmation_secret.client_secret.partition("_secret_")[0]
    v1.payment_intents.confirm(intent_id, {"payment_method": "pm_card_visa"})
    assert status(stage, held) == "active"


@twin_only
def a_first_payment_that_asks_the_customer(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage, "pm_card_authenticationRequired", expand=["latest_invoice.payments"])
    assert held.status == "incomplete"
    assert "invoice.payment_action_required" in types(stage, held)
    intent = held.latest_invoice.payments.data[0].payment.payment_intent
    assert v1.payment_intents.retrieve(intent).status == "requires_action"
    stage.authenticate(intent)
    assert status(stage, held) == "active"


@scenario
def renewals_that_fail_until_the_end(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    bad = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": held.customer})
    v1.subscriptions.update(held.id, {"default_payment_method": bad.id})
    stage.advance(held.test_clock, MONTH)
    assert status(stage, held) == "past_due"
    [open_invoice] = v1.invoices.list({"subscription": held.id, "status": "open"}).data
    assert open_invoice.attempt_count >= 1
    assert open_invoice.next_payment_attempt is not None
    good = v1.payment_methods.attach("pm_card_visa", {"customer": held.customer})
    v1.invoices.pay(open_invoice.id, {"payment_method": good.id})
    assert status(stage, held) == "active"
    stage.advance(held.test_clock, MONTH)
    stage.advance(held.test_clock, MONTH)
    assert status(stage, held) in ("canceled", "unpaid", "past_due")


@scenario
def trials_and_their_ends(stage: Stage) -> None:
    v1 = stage.v1
    for behavior, ended in (("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")):
        settings = {"end_behavior": {"missing_payment_method": behavior}}
        held = subscription(stage, None, trial_period_days=14, trial_settings=settings)
        assert (held.status, v1.invoices.retrieve(held.latest_invoice).total) == ("trialing", 0)
        stage.advance(held.test_clock, 12 * DAY)
        assert "customer.subscription.trial_will_end" in types(stage, held)
        stage.advance(held.test_clock, 3 * DAY)
        assert status(stage, held) == ended, behavior
    paying = subscription(stage, trial_period_days=14)
    stage.advance(paying.test_clock, 15 * DAY)
    assert status(stage, paying) == "active"
    assert v1.invoices.list({"subscription": paying.id}).data[0].amount_paid == 2900
    again = subscription(stage, trial_period_days=14)
    assert v1.subscriptions.update(again.id, {"trial_end": "now"}).status == "active"


@scenario
def pausing_the_collection(stage: Stage) -> None:
    v1 = stage.v1
    for behavior, left in (("void", "void"), ("mark_uncollectible", "uncollectible"), ("keep_as_draft", "draft")):
        held = subscription(stage)
        paused = v1.subscriptions.update(held.id, {"pause_collection": {"behavior": behavior}})
        assert (paused.status, paused.pause_collection.behavior) == ("active", behavior)
        stage.advance(held.test_clock, MONTH)
        assert v1.invoices.list({"subscription": held.id}).data[0].status == left
        assert v1.subscriptions.update(held.id, {"pause_collection": ""}).pause_collection is None


@scenario
def pausing_the_subscription(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    paused = v1.subscriptions.pause(held.id, {"type": "subscription"})
    assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")
    stage.advance(held.test_clock, MONTH)
    assert len(v1.invoices.list({"subscription": held.id}).data) == 1
    resumed = v1.subscriptions.resume(held.id, {"billing_cycle_anchor": {"type": "now"}})
    assert resumed.status == "active"
    assert types(stage, held)[-1] == "customer.subscription.resumed"


@scenario
def cancelling_at_the_end_and_thinking_better_of_it(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    leaving = v1.subscriptions.update(
        held.id, {"cancel_at_period_end": True, "cancellation_details": {"feedback": "too_expensive"}}
    )
    assert (leaving.status, leaving.cancel_at) == ("active", leaving["items"].data[0].current_period_end)
    assert leaving.cancellation_details.feedback == "too_expensive"
    assert v1.subscriptions.update(held.id, {"cancel_at_period_end": False}).cancel_at is None
    v1.subscriptions.update(held.id, {"cancel_at_period_end": True})
    stage.advance(held.test_clock, MONTH)
    assert status(stage, held) == "canceled"
    assert len(v1.invoices.list({"subscription": held.id}).data) == 1
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.update(held.id, {"cancel_at_period_end": False})


@scenario
def cancelling_now_with_credit(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage, amount=3100)
    stage.advance(held.test_clock, 10 * DAY)
    ended = v1.subscriptions.cancel(held.id, {"prorate": True, "invoice_now": True})
    assert ended.status == "canceled"
    credit = v1.customers.retrieve(held.customer).balance
    assert -2200 < credit < -1900
    assert v1.subscriptions.list({"customer": held.customer}).data == []
    assert v1.subscriptions.list({"customer": held.customer, "status": "all"}).data[0].id == held.id


@scenario
def changing_the_plan(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage, amount=1000)
    item = held["items"].data[0].id
    dearer, yearly = price(stage, 3000), price(stage, 30_000, recurring={"interval": "year"})
    stage.advance(held.test_clock, 10 * DAY)
    preview = v1.invoices.create_preview(
        {
            "subscription": held.id,
            "subscription_details": {
                "items": [{"id": item, "price": dearer.id}],
                "proration_behavior": "always_invoice",
            },
        }
    )
    assert 0 < preview.total < 2000
    moved = v1.subscriptions.update(
        held.id, {"items": [{"id": item, "price": dearer.id}], "proration_behavior": "always_invoice"}
    )
    assert v1.invoices.retrieve(moved.latest_invoice).total == preview.total
    upcoming = v1.invoices.create_preview({"subscription": held.id})
    assert upcoming.total == 3000
    v1.subscriptions.update(held.id, {"items": [{"id": item, "quantity": 2}]})
    pending = v1.invoice_items.list({"customer": held.customer, "pending": True}).data
    assert len(pending) == 2
    assert v1.invoices.create_preview({"subscription": held.id}).total == 6000 + sum(each.amount for each in pending)
    yearly_now = v1.subscriptions.update(held.id, {"items": [{"id": item, "price": yearly.id, "quantity": 1}]})
    assert yearly_now["items"].data[0].current_period_end > yearly_now["items"].data[0].current_period_start + 360 * DAY
    new = v1.invoices.create_preview(
        {"customer": held.customer, "subscription_details": {"items": [{"price": dearer.id}]}}
    )
    assert new.lines.data[-1].amount == 3000


@scenario
def items_one_by_one(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    seats = price(stage, 500)
    added = v1.subscription_items.create({"subscription": held.id, "price": seats.id, "quantity": 3})
    assert added.quantity == 3
    assert v1.subscription_items.update(added.id, {"quantity": 5}).quantity == 5
    assert v1.subscription_items.retrieve(added.id).price.id == seats.id
    assert len(v1.subscriptions.retrieve(held.id)["items"].data) == 2
    assert v1.subscription_items.delete(added.id, {"proration_behavior": "none"}).deleted
    assert len(v1.subscriptions.retrieve(held.id)["items"].data) == 1


@scenario
def a_free_plan(stage: Stage) -> None:
    held = subscription(stage, None, amount=0)
    assert held.status == "active"
    stage.advance(held.test_clock, MONTH)
    assert status(stage, held) == "active"


@scenario
def a_price_in_another_currency(stage: Stage) -> None:
    v1 = stage.v1
    both = price(stage, currency_options={"eur": {"unit_amount": 2700}})
    held = v1.subscriptions.create({"customer": customer(stage).id, "items": [{"price": both.id}], "currency": "eur"})
    assert v1.invoices.retrieve(held.latest_invoice).total == 2700
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.create({"customer": customer(stage).id, "items": [{"price": both.id}], "currency": "gbp"})


@twin_only
def a_change_held_back_until_it_is_paid(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage, amount=1000)
    bad = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": held.customer})
    v1.subscriptions.update(held.id, {"default_payment_method": bad.id})
    item, dearer = held["items"].data[0].id, price(stage, 3000)
    asked = {"items": [{"id": item, "price": dearer.id}], "proration_behavior": "always_invoice"}
    waiting = v1.subscriptions.update(held.id, asked | {"payment_behavior": "pending_if_incomplete"})
    assert waiting["items"].data[0].price.unit_amount == 1000
    assert waiting.pending_update.subscription_items[0].price.id == dearer.id
    invoice = v1.invoices.list({"subscription": held.id, "status": "open"}).data[0]
    v1.invoices.pay(
        invoice.id, {"payment_method": v1.payment_methods.attach("pm_card_visa", {"customer": held.customer}).id}
    )
    after = v1.subscriptions.retrieve(held.id)
    assert (after["items"].data[0].price.id, after.pending_update) == (dearer.id, None)


@twin_only
def a_debit_that_takes_days(stage: Stage) -> None:
    v1 = stage.v1
    for name, ended in (("pm_card_sepa", "paid"), ("pm_card_sepa_fails", "open")):
        held = subscription(stage, name)
        assert held.status == "active"
        assert v1.invoices.retrieve(held.latest_invoice).status == "open"
        stage.advance(held.test_clock, 6 * DAY)
        assert v1.invoices.retrieve(held.latest_invoice).status == ended


@scenario
def a_dearer_plan_that_is_paid_or_nothing(stage: Stage) -> None:
    v1 = stage.v1
    dearer = price(stage, 9900)
    held = subscription(stage, amount=0, method=None)
    item = held["items"].data[0].id
    asked = {"items": [{"id": item, "price": dearer.id}], "proration_behavior": "always_invoice"}
    asked |= {"payment_behavior": "error_if_incomplete"}
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        v1.subscriptions.update(held.id, asked)
    bad = v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": held.customer})
    v1.customers.update(held.customer, {"invoice_settings": {"default_payment_method": bad.id}})
    with pytest.raises(stripe.CardError) as declined:
        v1.subscriptions.update(held.id, asked)
    assert declined.value.code == "card_declined"
    kept = v1.subscriptions.retrieve(held.id)
    assert (kept["items"].data[0].price.unit_amount, kept.latest_invoice) == (0, held.latest_invoice)


@twin_only
def a_change_that_waits_for_its_payment(stage: Stage) -> None:
    v1 = stage.v1
    dearer = price(stage, 9900)
    for ends in ("confirmed", "void", "expired"):
        held = subscription(stage, amount=0, method="pm_card_authenticationRequired")
        asked = {
            "items": [{"id": held["items"].data[0].id, "price": dearer.id}],
            "payment_behavior": "pending_if_incomplete",
            "proration_behavior": "always_invoice",
            "expand": ["latest_invoice.confirmation_secret"],
        }
        waiting = v1.subscriptions.update(held.id, asked)
        assert (waiting.pending_update is not None, waiting.latest_invoice.status) == (True, "open")
        assert waiting["items"].data[0].price.unit_amount == 0
        if ends == "confirmed":
            stage.authenticate(waiting.latest_invoice.confirmation_secret.client_secret.partition("_secret_")[0])
        elif ends == "void":
            v1.invoices.void_invoice(waiting.latest_invoice.id)
        else:
            stage.advance(held.test_clock, DAY)
            assert v1.invoices.retrieve(waiting.latest_invoice.id).status == "void"
            assert "customer.subscription.pending_update_expired" in types(stage, held)
        after = v1.subscriptions.retrieve(held.id)
        assert after.pending_update is None
        assert after["items"].data[0].price.unit_amount == (9900 if ends == "confirmed" else 0)
