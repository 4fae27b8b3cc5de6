"""Refunds, disputes, credit notes."""

import pytest
import stripe

from tests.twin.stage import Stage, scenario
from tests.twin.steps import customer, subscription, types


@scenario
def money_given_back(stage: Stage) -> None:
    v1 = stage.v1
    paid = v1.payment_intents.create(
        {
            "amount": 1000,
            "currency": "usd",
            "customer": customer(stage, None).id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": "https://example.test/",
        }
    )
    part = v1.refunds.create({"payment_intent": paid.id, "amount": 400, "reason": "requested_by_customer"})
    assert (part.status, part.amount) == ("succeeded", 400)
    assert v1.refunds.update(part.id, {"metadata": {"why": "kind"}}).metadata["why"] == "kind"
    assert v1.refunds.create({"charge": paid.latest_charge}).amount == 600
    assert v1.refunds.retrieve(part.id).charge == paid.latest_charge
    assert len(v1.refunds.list({"payment_intent": paid.id}).data) == 2
    charge = v1.charges.retrieve(paid.latest_charge, {"expand": ["refunds"]})
    assert (charge.refunded, [each.amount for each in charge.refunds.data]) == (True, [600, 400])
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        v1.refunds.create({"charge": paid.latest_charge})
    assert refusal.value.code == "charge_already_refunded"


@scenario
def disputes_won_and_lost(stage: Stage) -> None:
    v1 = stage.v1
    for words, ended in (("winning_evidence", "won"), ("losing_evidence", "lost")):
        payer = customer(stage, None)
        paid = v1.payment_intents.create(
            {
                "amount": 1000,
                "currency": "usd",
                "customer": payer.id,
                "payment_method": "pm_card_createDispute",
                "confirm": True,
                "return_url": "https://example.test/",
            }
        )
        [dispute] = v1.disputes.list({"payment_intent": paid.id}).data
        assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
        assert v1.charges.retrieve(paid.latest_charge).disputed
        v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": words}, "submit": True})
        assert v1.disputes.retrieve(dispute.id).status == ended
    third = v1.payment_intents.create(
        {
            "amount": 700,
            "currency": "usd",
            "payment_method": "pm_card_createDispute",
            "confirm": True,
            "return_url": "https://example.test/",
        }
    )
    [accepted] = v1.disputes.list({"payment_intent": third.id}).data
    assert v1.disputes.close(accepted.id).status == "lost"


@scenario
def credit_for_an_invoice(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    paid = v1.invoices.retrieve(held.latest_invoice)
    asked = {
        "invoice": paid.id,
        "lines": [{"type": "invoice_line_item", "invoice_line_item": paid.lines.data[0].id, "amount": 900}],
        "refund_amount": 900,
    }
    assert v1.credit_notes.preview(asked).total == 900
    note = v1.credit_notes.create(asked)
    assert (note.type, note.post_payment_amount, len(note.refunds)) == ("post_payment", 900, 1)
    assert v1.credit_notes.update(note.id, {"memo": "Sorry"}).memo == "Sorry"
    assert v1.credit_notes.retrieve(note.id).lines.data[0].amount == 900
    assert v1.credit_notes.line_items.list(note.id).data[0].amount == 900
    assert v1.credit_notes.list({"invoice": paid.id}).data[0].id == note.id
    assert "charge.refunded" in types(stage, held)
    draft = v1.invoices.create({"customer": held.customer, "auto_advance": False})
    v1.invoice_items.create({"customer": held.customer, "invoice": draft.id, "amount": 500, "currency": "usd"})
    v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    less = v1.credit_notes.create({"invoice": draft.id, "amount": 200})
    assert v1.invoices.retrieve(draft.id).amount_remaining == 300
    assert v1.credit_notes.void_credit_note(less.id).status == "void"
    assert v1.invoices.retrieve(draft.id).amount_remaining == 500
