"""Customers, payment methods, payments."""

from typing import Any

import pytest
import stripe

from tests.twin.stage import Stage, scenario, twin_only
from tests.twin.steps import customer


@scenario
def a_customer_from_first_to_last(stage: Stage) -> None:
    v1 = stage.v1
    made = v1.customers.create(
        {"email": "ada@example.test", "metadata": {"member_id": "m1"}, "address": {"country": "DE"}}
    )
    assert v1.customers.retrieve(made.id).address.country == "DE"
    assert v1.customers.update(made.id, {"name": "Ada", "metadata": {"b": "2"}}).metadata.to_dict() == {
        "member_id": "m1",
        "b": "2",
    }
    assert made.id in [each.id for each in v1.customers.list({"email": "ada@example.test", "limit": 100}).data]
    v1.customers.search({"query": "metadata['member_id']:'m1'"})
    shown = v1.customers.retrieve(made.id, {"expand": ["subscriptions"]})
    assert shown.subscriptions.data == []
    assert v1.customers.delete(made.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        v1.customers.update(made.id, {"name": "Nobody"})


@scenario
def payment_methods_attached_and_detached(stage: Stage) -> None:
    v1 = stage.v1
    made = customer(stage, None)
    method = v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    assert v1.payment_methods.attach(method.id, {"customer": made.id}).customer == made.id
    assert v1.payment_methods.update(method.id, {"metadata": {"kept": "yes"}}).metadata["kept"] == "yes"
    assert [each.id for each in v1.customers.payment_methods.list(made.id).data] == [method.id]
    assert [each.id for each in v1.payment_methods.list({"customer": made.id, "type": "card"}).data] == [method.id]
    assert v1.payment_methods.detach(method.id).customer is None
    assert v1.payment_methods.retrieve(method.id).card.last4 == "4242"
    with pytest.raises(stripe.CardError) as refusal:
        v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": made.id})
    assert refusal.value.code == "card_declined"


@scenario
def payments_taken_and_refused(stage: Stage) -> None:
    v1 = stage.v1
    payer = customer(stage, None)
    asked = {"amount": 1500, "currency": "usd", "customer": payer.id}
    intent = v1.payment_intents.create(asked)
    assert intent.status == "requires_payment_method"
    assert v1.payment_intents.update(intent.id, {"description": "A book"}).description == "A book"
    paid = v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert (paid.status, paid.amount_received) == ("succeeded", 1500)
    charge = v1.charges.retrieve(paid.latest_charge, {"expand": ["balance_transaction"]})
    assert (charge.paid, charge.balance_transaction.amount) == (True, 1500)
    assert v1.balance_transactions.retrieve(charge.balance_transaction.id).source == charge.id
    v1.balance_transactions.list({"limit": 3})
    assert v1.charges.update(charge.id, {"description": "Book"}).description == "Book"
    assert [each.id for each in v1.charges.list({"customer": payer.id}).data] == [charge.id]
    v1.charges.search({"query": "amount>1400"})
    with pytest.raises(stripe.CardError) as refusal:
        v1.payment_intents.create(
            asked | {"payment_method": "pm_card_chargeDeclinedInsufficientFunds", "confirm": True}
        )
    body: Any = refusal.value.json_body
    assert (body["error"]["code"], body["error"]["decline_code"]) == ("card_declined", "insufficient_funds")
    other = v1.payment_intents.create(asked)
    assert v1.payment_intents.cancel(other.id).status == "canceled"
    assert len(v1.payment_intents.list({"customer": payer.id}).data) == 3
    assert v1.payment_intents.retrieve(other.id).status == "canceled"
    v1.payment_intents.search({"query": "status:'succeeded'"})


@twin_only
def payment_that_asks_the_customer(stage: Stage) -> None:
    v1 = stage.v1
    asked = {"amount": 900, "currency": "usd", "payment_method": "pm_card_authenticationRequired", "confirm": True}
    for passes, status in ((True, "succeeded"), (False, "requires_payment_method")):
        intent = v1.payment_intents.create(asked | {"return_url": "https://example.test/back"})
        assert intent.status == "requires_action"
        assert intent.next_action.redirect_to_url.return_url == "https://example.test/back"
        stage.authenticate(intent.id, passes=passes)
        assert v1.payment_intents.retrieve(intent.id).status == status


@scenario
def setting_a_method_up(stage: Stage) -> None:
    v1 = stage.v1
    payer = customer(stage, None)
    done = v1.setup_intents.create({"customer": payer.id, "payment_method": "pm_card_visa", "confirm": True})
    assert done.status == "succeeded"
    assert v1.payment_methods.retrieve(done.payment_method).customer == payer.id
    later = v1.setup_intents.create({"customer": payer.id})
    assert v1.setup_intents.update(later.id, {"description": "later"}).description == "later"
    assert v1.setup_intents.confirm(later.id, {"payment_method": "pm_card_mastercard"}).status == "succeeded"
    third = v1.setup_intents.create({"customer": payer.id})
    assert v1.setup_intents.cancel(third.id).status == "canceled"
    assert v1.setup_intents.retrieve(third.id).status == "canceled"
    assert len(v1.setup_intents.list({"customer": payer.id}).data) == 3


@scenario
def what_a_customer_is_owed(stage: Stage) -> None:
    v1 = stage.v1
    payer = customer(stage)
    entry = v1.customers.balance_transactions.create(
        payer.id, {"amount": -500, "currency": "usd", "description": "Sorry"}
    )
    assert v1.customers.retrieve(payer.id).balance == -500
    assert v1.customers.balance_transactions.retrieve(payer.id, entry.id).ending_balance == -500
    assert v1.customers.balance_transactions.update(payer.id, entry.id, {"description": "Late"}).description == "Late"
    assert v1.customers.balance_transactions.list(payer.id).data[0].type == "adjustment"


@scenario
def who_is_taxed_and_who_asks(stage: Stage) -> None:
    v1 = stage.v1
    payer = customer(stage, None)
    made = v1.customers.tax_ids.create(payer.id, {"type": "eu_vat", "value": "DE123456789"})
    assert (made.country, v1.customers.tax_ids.retrieve(payer.id, made.id).value) == ("DE", "DE123456789")
    assert [each.id for each in v1.customers.tax_ids.list(payer.id).data] == [made.id]
    assert v1.customers.tax_ids.delete(payer.id, made.id).deleted
    assert v1.accounts.retrieve_current().id.startswith("acct_")
