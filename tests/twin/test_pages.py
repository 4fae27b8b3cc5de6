"""The hosted pages as a browser without script would use them: forms are found in the page, filled in and sent."""

from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.twin.forms import Forms
from tests.twin.stage import Stage, twin_stage
from tests.twin.steps import customer, price, subscription

SUCCESS = "https://example.test/ok?session={CHECKOUT_SESSION_ID}"


class Browser:
    def __init__(self, url: str) -> None:
        self.url = url
        self.page = httpx.get(url)

    def send(self, form: str, **typed: str) -> httpx.Response:
        fields = Forms(self.page.text).found[form]
        assert typed.keys() <= fields.keys()
        self.page = httpx.post(self.url, data=fields | typed)
        if self.page.is_redirect and self.page.headers["location"].startswith("/"):
            self.page = httpx.get(self.url)
        return self.page


@pytest.fixture(scope="module")
def stage() -> Generator[Stage]:
    with twin_stage() as made:
        yield made


def checkout(stage: Stage, **more: Any) -> Any:
    items = [{"price": price(stage).id, "quantity": 1}]
    asked = {"mode": "subscription", "line_items": items, "success_url": SUCCESS, "client_reference_id": "m1"}
    return stage.v1.checkout.sessions.create(asked | more)


def test_a_person_subscribes_and_comes_back(stage: Stage) -> None:
    session = checkout(stage, subscription_data={"metadata": {"member_id": "m1"}})
    browser = Browser(session.url)
    assert "29.00 USD" in browser.page.text
    done = browser.send("pay", email="new@example.test")
    assert (done.status_code, done.headers["location"]) == (303, SUCCESS.format(CHECKOUT_SESSION_ID=session.id))
    after = stage.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription", "customer"]})
    assert (after.status, after.payment_status, after.customer.email) == ("complete", "paid", "new@example.test")
    assert (after.subscription.status, after.subscription.metadata["member_id"]) == ("active", "m1")
    told = [event.type for event in stage.v1.events.list({"limit": 30}).data]
    assert (
        told.index("checkout.session.completed")
        < told.index("invoice.paid")
        < told.index("customer.subscription.created")
    )
    assert "complete" in httpx.get(session.url).text


def test_a_trial_charges_nothing_yet(stage: Stage) -> None:
    session = checkout(stage, subscription_data={"trial_period_days": 14})
    assert Browser(session.url).send("pay", email="try@example.test").status_code == 303
    after = stage.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (after.subscription.status, after.payment_status) == ("trialing", "no_payment_required")


def test_a_declined_card_leaves_the_checkout_open(stage: Stage) -> None:
    session = checkout(stage)
    browser = Browser(session.url)
    count = len(stage.v1.customers.list({"limit": 100}).data)
    refused = browser.send("pay", email="poor@example.test", card="4000000000000341")
    assert (refused.status_code, "declined" in refused.text) == (402, True)
    assert browser.send("pay", email="poor@example.test", card="1234").status_code == 402
    assert stage.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert len(stage.v1.customers.list({"limit": 100}).data) == count
    assert browser.send("pay", email="poor@example.test").status_code == 303


@pytest.mark.parametrize("card", ["4000000000003220", "4000002760003184"])
def test_the_bank_asks_first(stage: Stage, card: str) -> None:
    session = checkout(stage)
    browser = Browser(session.url)
    assert "3-D Secure" in browser.send("pay", email="safe@example.test", card=card).text
    browser.send("fail")
    assert stage.v1.checkout.sessions.retrieve(session.id).status == "open"
    browser.send("pay", email="safe@example.test", card=card)
    assert browser.send("complete").status_code == 303
    assert stage.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]}).subscription.status == "active"


def test_paying_once_and_saving_a_card(stage: Stage) -> None:
    once = price(stage, 1500, recurring=None)
    bought = checkout(stage, mode="payment", line_items=[{"price": once.id, "quantity": 2}])
    assert Browser(bought.url).send("pay", email="once@example.test").status_code == 303
    after = stage.v1.checkout.sessions.retrieve(bought.id, {"expand": ["payment_intent"]})
    assert (after.payment_intent.status, after.payment_intent.amount) == ("succeeded", 3000)
    payer = customer(stage, None)
    saved = stage.v1.checkout.sessions.create(
        {"mode": "setup", "customer": payer.id, "currency": "usd", "success_url": SUCCESS}
    )
    assert Browser(saved.url).send("pay").status_code == 303
    assert stage.v1.payment_methods.list({"customer": payer.id}).data[0].card.last4 == "4242"


def test_the_portal_cancels_renews_and_switches(stage: Stage) -> None:
    v1 = stage.v1
    held = subscription(stage)
    dearer = price(stage, 9900)
    features = {
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": [{"product": dearer.product, "prices": [dearer.id]}],
            "proration_behavior": "always_invoice",
        }
    }
    configuration = v1.billing_portal.configurations.create({"features": features})
    asked = {"customer": held.customer, "configuration": configuration.id, "return_url": "https://example.test/account"}
    browser = Browser(v1.billing_portal.sessions.create(asked).url)
    assert "https://example.test/account" in browser.page.text
    assert "card ending in 4242" in browser.page.text
    browser.send("cancel")
    assert v1.subscriptions.retrieve(held.id).cancel_at_period_end
    browser.send("renew")
    assert not v1.subscriptions.retrieve(held.id).cancel_at_period_end
    browser.send("switch", price=dearer.id)
    assert v1.subscriptions.retrieve(held.id)["items"].data[0].price.id == dearer.id
    browser.send("method", card="5555555555554444")
    default = v1.customers.retrieve(held.customer, {"expand": ["invoice_settings.default_payment_method"]})
    assert default.invoice_settings.default_payment_method.card.brand == "mastercard"
    assert browser.send("method", card="4000000000000002").status_code == 402


def test_its_own_page_moves_the_clock_and_opens_portals(stage: Stage) -> None:
    held = subscription(stage)
    stage.v1.customers.update(held.customer, {"email": "<i>@example.test"})
    assert stage.twin is not None
    browser = Browser(f"{stage.twin.url}/")
    assert "&lt;i&gt;@example.test" in browser.page.text
    browser.send("advance", step="a month")
    assert "31.0 days ahead" in httpx.get(f"{stage.twin.url}/").text
    portal = browser.send(f"portal_{held.customer}")
    assert "Billing of" in httpx.get(portal.headers["location"]).text


def test_the_portal_touches_nobody_elses_subscription(stage: Stage) -> None:
    mine, others = subscription(stage), subscription(stage)
    session = stage.v1.billing_portal.sessions.create({"customer": mine.customer})
    refused = httpx.post(session.url, data={"do": "cancel", "subscription": others.id})
    assert refused.status_code == 402
    assert not stage.v1.subscriptions.retrieve(others.id).cancel_at_period_end


def test_an_open_invoice_is_paid_on_its_page(stage: Stage) -> None:
    held = subscription(stage, "pm_card_chargeCustomerFail", expand=["latest_invoice"])
    browser = Browser(held.latest_invoice.hosted_invoice_url)
    assert browser.send("pay", card="4000000000000002").status_code == 402
    browser.send("pay")
    assert stage.v1.subscriptions.retrieve(held.id).status == "active"


@pytest.mark.parametrize(("button", "ended"), [("complete", "active"), ("fail", "incomplete")])
def test_the_page_that_next_action_leads_to(stage: Stage, button: str, ended: str) -> None:
    held = subscription(stage, "pm_card_authenticationRequired", expand=["latest_invoice.payments"])
    intent = stage.v1.payment_intents.retrieve(held.latest_invoice.payments.data[0].payment.payment_intent)
    Browser(intent.next_action.redirect_to_url.url).send(button)
    assert stage.v1.subscriptions.retrieve(held.id).status == ended


def test_what_was_never_handed_out_is_not_found(stage: Stage) -> None:
    assert stage.twin is not None
    for path in ("checkout/cs_test_1", "portal/bps_1", "authenticate/pi_1", "invoices/in_1"):
        assert httpx.get(f"{stage.twin.url}/{path}").status_code == 404


def test_what_people_type_is_shown_as_text(stage: Stage) -> None:
    payer = customer(stage, None, name='<script>alert("x")</script>', email="a@example.test")
    session = checkout(stage, customer=payer.id)
    assert "<script>" not in httpx.get(session.url).text
