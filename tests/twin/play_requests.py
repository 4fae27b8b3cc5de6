"""What holds for every request: errors, pages, expansion, idempotency."""

from typing import Any

import pytest
import stripe

from tests.twin.stage import Stage, scenario
from tests.twin.steps import customer, price, subscription


def param_of(fault: stripe.StripeError) -> Any:
    body: Any = fault.json_body
    return body["error"].get("param")


@scenario
def what_is_wrong_is_refused(stage: Stage) -> None:
    v1 = stage.v1
    for wrong, param, code in (
        ({"shoe_size": 42}, "shoe_size", "parameter_unknown"),
        ({"address": {"planet": "Mars"}}, "address[planet]", "parameter_unknown"),
        ({"balance": "much"}, "balance", "parameter_invalid_integer"),
        ({"tax_exempt": "sometimes"}, "tax_exempt", None),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            v1.customers.create(wrong)
        assert (refusal.value.http_status, param_of(refusal.value)) == (400, param)
        assert code is None or refusal.value.code == code
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        v1.subscriptions.create({"items": [{"price": "price_none"}]})
    assert refusal.value.http_status == 400
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        v1.subscriptions.create({"customer": customer(stage).id, "items": [{"price": "price_none"}]})
    assert (refusal.value.code, param_of(refusal.value)) == ("resource_missing", "items[0][price]")


@scenario
def lists_come_in_pages(stage: Stage) -> None:
    v1 = stage.v1
    product = v1.products.create({"name": "Many"})
    made = [
        v1.prices.create(
            {"currency": "usd", "product": product.id, "unit_amount": 100 * n, "recurring": {"interval": "month"}}
        ).id
        for n in range(1, 6)
    ]
    page = v1.prices.list({"product": product.id, "limit": 2})
    assert (len(page.data), page.has_more) == (2, True)
    every = [each.id for each in page.auto_paging_iter()]
    assert sorted(every) == sorted(made)
    after = v1.prices.list({"product": product.id, "limit": 2, "starting_after": every[1]})
    assert [each.id for each in after.data] == every[2:4]
    before = v1.prices.list({"product": product.id, "limit": 2, "ending_before": every[2]})
    assert [each.id for each in before.data] == every[:2]
    with pytest.raises(stripe.InvalidRequestError):
        v1.prices.list({"limit": 101})


@scenario
def the_same_key_gives_the_same_answer(stage: Stage) -> None:
    v1 = stage.v1
    options = {"idempotency_key": stage.unique("key")}
    first = v1.customers.create({"name": "Once"}, options)
    assert v1.customers.create({"name": "Once"}, options).id == first.id
    with pytest.raises(stripe.IdempotencyError) as refusal:
        v1.customers.create({"name": "Twice"}, options)
    assert refusal.value.http_status == 400


@scenario
def ids_become_objects(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    shown = v1.subscriptions.retrieve(
        held.id,
        {
            "expand": [
                "customer.invoice_settings.default_payment_method",
                "latest_invoice.payments.data.payment.payment_intent",
                "items.data.price.product",
            ]
        },
    )
    assert shown.customer.invoice_settings.default_payment_method.card.last4 == "4242"
    assert shown.latest_invoice.payments.data[0].payment.payment_intent.status == "succeeded"
    assert shown["items"].data[0].price.product.name == "Pro"
    assert (
        v1.subscriptions.list({"customer": held.customer, "expand": ["data.customer"]}).data[0].customer.id
        == held.customer
    )
    with pytest.raises(stripe.InvalidRequestError):
        v1.subscriptions.retrieve(held.id, {"expand": ["shoes"]})


@scenario
def events_tell_what_happened(stage: Stage) -> None:
    v1 = stage.v1
    made = customer(stage)
    v1.customers.update(made.id, {"name": "Somebody"})
    event = next(
        e
        for e in v1.events.list({"type": "customer.updated"}).data
        if e.data.object.name == "Somebody" and e.data.object.id == made.id
    )
    assert event.data.previous_attributes["name"] == "Someone"
    assert v1.events.retrieve(event.id).type == "customer.updated"
    assert event.api_version == stripe.api_version
    some = v1.events.list({"types": ["customer.created", "customer.updated"], "limit": 100}).data
    assert {each.type for each in some} <= {"customer.created", "customer.updated"}


@scenario
def endpoints_for_webhooks(stage: Stage) -> None:
    v1 = stage.v1
    made = v1.webhook_endpoints.create(
        {"url": "https://example.test/hook", "enabled_events": ["invoice.paid"], "api_version": stripe.api_version}
    )
    assert made.secret.startswith("whsec_")
    assert "secret" not in v1.webhook_endpoints.retrieve(made.id)
    assert made.id in [each.id for each in v1.webhook_endpoints.list({"limit": 100}).data]
    assert v1.webhook_endpoints.update(made.id, {"disabled": True}).status == "disabled"
    assert v1.webhook_endpoints.delete(made.id).deleted
    with pytest.raises(stripe.InvalidRequestError):
        v1.webhook_endpoints.create({"url": "https://example.test/hook", "enabled_events": ["invoice.eaten"]})


@scenario
def clocks_that_can_be_moved(stage: Stage) -> None:
    v1 = stage.v1
    clock = stage.clock()
    assert clock in [each.id for each in v1.test_helpers.test_clocks.list({"limit": 100}).data]
    held = customer(stage, test_clock=clock)
    v1.subscriptions.create({"customer": held.id, "items": [{"price": price(stage).id}]})
    stage.advance(clock, 86_400)
    with pytest.raises(stripe.InvalidRequestError):
        stage.advance(clock, 70 * 86_400)
    assert v1.test_helpers.test_clocks.delete(clock).deleted
    with pytest.raises(stripe.InvalidRequestError):
        v1.customers.list({"customer": held.id})
