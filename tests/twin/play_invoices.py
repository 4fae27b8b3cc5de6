"""Invoices made by hand, and what becomes of them."""

import pytest
import stripe

from tests.twin.stage import Stage, scenario
from tests.twin.steps import customer, price


@scenario
def an_invoice_by_hand(stage: Stage) -> None:
    v1 = stage.v1
    payer = customer(stage)
    pending = v1.invoice_items.create({"customer": payer.id, "amount": 1200, "currency": "usd", "description": "Work"})
    assert v1.invoice_items.update(pending.id, {"amount": 1300}).amount == 1300
    assert v1.invoice_items.retrieve(pending.id).invoice is None
    draft = v1.invoices.create(
        {"customer": payer.id, "pending_invoice_items_behavior": "include", "auto_advance": False}
    )
    assert (draft.status, draft.total) == ("draft", 1300)
    once = price(stage, 700, recurring=None)
    v1.invoice_items.create({"customer": payer.id, "invoice": draft.id, "pricing": {"price": once.id}})
    assert v1.invoices.update(draft.id, {"description": "Thanks"}).total == 2000
    assert [line.amount for line in v1.invoices.line_items.list(draft.id).data] == [1300, 700]
    final = v1.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    assert (final.status, final.number is not None) == ("open", True)
    v1.invoices.send_invoice(final.id)
    paid = v1.invoices.pay(final.id, {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid) == ("paid", 2000)
    [payment] = v1.invoice_payments.list({"invoice": paid.id}).data
    assert v1.invoice_payments.retrieve(payment.id).amount_paid == 2000
    by_intent = {"type": "payment_intent", "payment_intent": payment.payment.payment_intent}
    assert v1.invoice_payments.list({"payment": by_intent}).data[0].invoice == paid.id
    with pytest.raises(stripe.InvalidRequestError):
        v1.invoices.pay(paid.id)
    v1.invoices.search({"query": "total>1900"})


@scenario
def invoices_that_are_not_paid(stage: Stage) -> None:
    v1 = stage.v1
    payer = customer(stage, None)

    def opened() -> str:
        draft = v1.invoices.create({"customer": payer.id, "auto_advance": False})
        v1.invoice_items.create({"customer": payer.id, "invoice": draft.id, "amount": 500, "currency": "usd"})
        return v1.invoices.finalize_invoice(draft.id).id

    assert v1.invoices.void_invoice(opened()).status == "void"
    bad = v1.invoices.mark_uncollectible(opened())
    assert bad.status == "uncollectible"
    assert v1.invoices.pay(bad.id, {"paid_out_of_band": True}).status == "paid"
    draft = v1.invoices.create({"customer": payer.id})
    assert v1.invoices.delete(draft.id).deleted
    loose = v1.invoice_items.create({"customer": payer.id, "amount": 100, "currency": "usd"})
    assert v1.invoice_items.delete(loose.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        v1.invoices.void_invoice(draft.id)
