"""Products, prices, coupons, tax rates, features."""

import pytest
import stripe

from tests.twin.stage import Stage, scenario
from tests.twin.steps import customer, price, subscription


@scenario
def products_and_their_features(stage: Stage) -> None:
    v1 = stage.v1
    product = v1.products.create({"name": "Team", "metadata": {"plan": "team"}})
    assert v1.products.retrieve(product.id).metadata["plan"] == "team"
    changed = v1.products.update(product.id, {"name": "Teams", "metadata": {"plan": ""}})
    assert (changed.name, "plan" in changed.metadata) == ("Teams", False)
    assert product.id in [each.id for each in v1.products.list({"limit": 100}).data]
    v1.products.search({"query": "name:'Teams'"})
    key = stage.unique("seats")
    feature = v1.entitlements.features.create({"name": "Seats", "lookup_key": key})
    assert v1.entitlements.features.list({"lookup_key": key}).data[0].id == feature.id
    assert v1.entitlements.features.update(feature.id, {"name": "More seats"}).name == "More seats"
    assert v1.entitlements.features.retrieve(feature.id).lookup_key == key
    held = v1.products.features.create(product.id, {"entitlement_feature": feature.id})
    assert v1.products.features.list(product.id).data[0].entitlement_feature.lookup_key == key
    assert v1.products.features.retrieve(product.id, held.id).id == held.id
    assert v1.products.features.delete(product.id, held.id).deleted
    assert v1.products.delete(product.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        v1.products.retrieve(product.id)
    assert refusal.value.http_status == 404
    assert refusal.value.code == "resource_missing"


@scenario
def prices_in_tiers_and_currencies(stage: Stage) -> None:
    v1 = stage.v1
    key = stage.unique("tiers")
    tiers = [{"up_to": 5, "unit_amount": 1000}, {"up_to": "inf", "unit_amount": 800, "flat_amount": 100}]
    made = price(stage, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers, unit_amount=None, lookup_key=key)
    shown = v1.prices.retrieve(made.id, {"expand": ["tiers"]})
    assert [tier.up_to for tier in shown.tiers] == [5, None]
    both = price(stage, currency_options={"eur": {"unit_amount": 2700}})
    assert v1.prices.retrieve(both.id, {"expand": ["currency_options"]}).currency_options["eur"].unit_amount == 2700
    assert v1.prices.list({"lookup_keys": [key]}).data[0].id == made.id
    moved = price(stage, lookup_key=key, transfer_lookup_key=True)
    assert v1.prices.list({"lookup_keys": [key]}).data[0].id == moved.id
    assert v1.prices.update(moved.id, {"active": False}).active is False
    v1.prices.search({"query": "active:'true'"})
    with pytest.raises(stripe.InvalidRequestError):
        v1.prices.create({"currency": "usd", "product": made.product})


@scenario
def coupons_and_promotion_codes(stage: Stage) -> None:
    v1 = stage.v1
    coupon = v1.coupons.create({"percent_off": 25, "duration": "once", "name": "A quarter off"})
    assert v1.coupons.update(coupon.id, {"name": "25 %"}).name == "25 %"
    assert coupon.id in [each.id for each in v1.coupons.list({"limit": 100}).data]
    code = stage.unique("QUARTER").replace("_", "")
    promotion = v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": code})
    assert v1.promotion_codes.list({"code": code}).data[0].id == promotion.id
    assert v1.promotion_codes.retrieve(promotion.id).promotion.coupon == coupon.id
    held = subscription(stage, discounts=[{"promotion_code": promotion.id}])
    first = v1.invoices.retrieve(held.latest_invoice)
    assert (first.subtotal, first.total, first.amount_paid) == (2900, 2175, 2175)
    assert v1.coupons.retrieve(coupon.id).times_redeemed == 1
    assert v1.promotion_codes.update(promotion.id, {"active": False}).active is False
    assert v1.coupons.delete(coupon.id).deleted
    forever = v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "forever"})
    again = subscription(stage, discounts=[{"coupon": forever.id}])
    assert v1.invoices.retrieve(again.latest_invoice).total == 2400
    v1.subscriptions.delete_discount(again.id)
    options = {"eur": {"amount_off": 450}}
    both = v1.coupons.create({"amount_off": 500, "currency": "usd", "duration": "forever", "currency_options": options})
    shown = v1.coupons.retrieve(both.id, {"expand": ["currency_options", "applies_to"]})
    assert shown.currency_options["eur"].amount_off == 450
    in_euro = price(stage, 2700, currency="eur")
    asked = {"customer": customer(stage).id, "items": [{"price": in_euro.id}], "discounts": [{"coupon": both.id}]}
    assert v1.invoices.retrieve(v1.subscriptions.create(asked).latest_invoice).total == 2250
    assert v1.subscriptions.retrieve(again.id).discounts == []


@scenario
def taxes_on_an_invoice(stage: Stage) -> None:
    v1 = stage.v1
    rate = v1.tax_rates.create({"display_name": "VAT", "percentage": 19, "inclusive": False, "country": "DE"})
    assert v1.tax_rates.update(rate.id, {"description": "Germany's"}).description == "Germany's"
    assert v1.tax_rates.retrieve(rate.id).percentage == 19
    assert rate.id in [each.id for each in v1.tax_rates.list({"limit": 100}).data]
    held = subscription(stage, amount=1000, default_tax_rates=[rate.id])
    first = v1.invoices.retrieve(held.latest_invoice)
    assert (first.subtotal, first.total_excluding_tax, first.total) == (1000, 1000, 1190)
    assert first.total_taxes[0].amount == 190


@scenario
def features_follow_the_subscription(stage: Stage) -> None:
    v1 = stage.v1
    made = price(stage)
    key = stage.unique("premium")
    feature = v1.entitlements.features.create({"name": "Premium", "lookup_key": key})
    v1.products.features.create(made.product, {"entitlement_feature": feature.id})
    payer = customer(stage)
    assert v1.entitlements.active_entitlements.list({"customer": payer.id}).data == []
    held = v1.subscriptions.create({"customer": payer.id, "items": [{"price": made.id}]})
    [active] = v1.entitlements.active_entitlements.list({"customer": payer.id}).data
    assert active.lookup_key == key
    assert v1.entitlements.active_entitlements.retrieve(active.id).feature == feature.id
    v1.subscriptions.cancel(held.id)
    assert v1.entitlements.active_entitlements.list({"customer": payer.id}).data == []
