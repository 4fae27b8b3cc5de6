"""The catalogue's objects at Stripe, read and made over HTTP."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from billing.objects import id_in, object_in, objects_in
from billing.offers import Action, Offer, OfferChange, OfferKind, first_currency
from billing.ports import Ask, Json

LOOKUP_KEYS_AT_ONCE = 10
FEATURES, METERS = "/v1/entitlements/features", "/v1/billing/meters"
PRODUCTS, PRICES, COUPONS, CODES = "/v1/products", "/v1/prices", "/v1/coupons", "/v1/promotion_codes"


class StripeOffers:
    """Implements `billing.offers.OffersAtStripe`. Remembers the ids that Stripe gave to what we know by other keys."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._ids: dict[tuple[OfferKind, str], str] = {}

    async def fetch_offers(self, wanted: Sequence[Offer]) -> Sequence[Offer]:
        keys = {kind: [offer.key for offer in wanted if offer.kind is kind] for kind in OfferKind}
        every = await self._features() + (await self._meters() if keys[OfferKind.METER] else [])
        every += _completed(await self._prices(keys[OfferKind.PRICE]), wanted)
        for product_id in keys[OfferKind.PRODUCT]:
            every += await self._product(product_id)
        for coupon_id in keys[OfferKind.COUPON]:
            every += await self._coupon(coupon_id)
        for code in keys[OfferKind.PROMOTION_CODE]:
            every += await self._promotion_code(code)
        asked = {(offer.kind, offer.key) for offer in wanted}
        return [offer for offer in every if (offer.kind, offer.key) in asked]

    async def make(self, change: OfferChange) -> None:
        offer = change.offer
        if offer.kind is OfferKind.COUPON and change.action is Action.REPLACE:
            await self._ask("delete", f"{COUPONS}/{offer.key}")
        path, parameters = self._update(change) if change.action is Action.UPDATE else self._create(offer)
        said = orjson.dumps([change.action, path, parameters], option=orjson.OPT_SORT_KEYS)
        key = f"gatehouse-catalogue-{hashlib.sha256(said).hexdigest()[:40]}"
        made = await self._ask("post", path, parameters, idempotency_key=key)
        if made:
            self._ids[offer.kind, offer.key] = str(made.get("id"))

    def _update(self, change: OfferChange) -> tuple[str, Json]:
        offer, base = change.offer, {OfferKind.FEATURE: FEATURES, OfferKind.METER: METERS, OfferKind.COUPON: COUPONS}
        id = self._ids.get((offer.kind, offer.key), offer.key)
        given = {name: "" if offer.fields[name] is None else offer.fields[name] for name in change.differs}
        return f"{base.get(offer.kind, PRODUCTS)}/{id}", given

    def _create(self, offer: Offer) -> tuple[str, Json]:
        fields = offer.fields
        match offer.kind:
            case OfferKind.FEATURE:
                return FEATURES, {"lookup_key": offer.key, **fields}
            case OfferKind.METER:
                return METERS, {"event_name": offer.key, "default_aggregation": {"formula": "sum"}, **fields}
            case OfferKind.PRODUCT:
                return PRODUCTS, {"id": offer.key, **{name: each for name, each in fields.items() if each is not None}}
            case OfferKind.PRODUCT_FEATURE:
                feature_id = self._ids[OfferKind.FEATURE, fields["feature"]]
                return f"{PRODUCTS}/{fields['product']}/features", {"entitlement_feature": feature_id}
            case OfferKind.PRICE:
                return PRICES, self._price_parameters(offer)
            case OfferKind.COUPON:
                return COUPONS, _coupon_parameters(offer)
            case OfferKind.PROMOTION_CODE:
                return CODES, {"code": offer.key, "promotion": {"type": "coupon", "coupon": fields["coupon"]}}

    def _price_parameters(self, offer: Offer) -> Json:
        fields, amounts = offer.fields, offer.fields["amounts"]
        own = first_currency(amounts)
        given: dict[str, Any] = {
            "product": fields["product"],
            "currency": own,
            "lookup_key": offer.key,
            "transfer_lookup_key": True,
            "tax_behavior": fields["tax_behavior"],
            **_worth(amounts[own]),
        }
        options = {currency: _worth(amount) for currency, amount in amounts.items() if currency != own}
        if options:
            given["currency_options"] = options
        if fields["tiers_mode"]:
            given |= {"billing_scheme": "tiered", "tiers_mode": fields["tiers_mode"]}
        if fields["each"] > 1:
            given["transform_quantity"] = {"divide_by": fields["each"], "round": "up"}
        if fields["recurring"]:
            meter = fields["recurring"].get("meter")
            named = {"meter": self._ids[OfferKind.METER, meter]} if meter else {}
            given["recurring"] = {**fields["recurring"], **named}
        return given

    async def _features(self) -> list[Offer]:
        found: list[Offer] = []
        for value in await self._all(FEATURES, {}):
            key = str(value.get("lookup_key"))
            self._ids[OfferKind.FEATURE, key] = str(value["id"])
            found.append(Offer(OfferKind.FEATURE, key, {"name": value.get("name")}))
        return found

    async def _meters(self) -> list[Offer]:
        found: list[Offer] = []
        for value in await self._all(METERS, {"status": "active"}):
            key = str(value.get("event_name"))
            self._ids[OfferKind.METER, key] = str(value["id"])
            found.append(Offer(OfferKind.METER, key, {"display_name": value.get("display_name")}))
        return found

    async def _product(self, id: str) -> list[Offer]:
        """The product with the features attached to it."""
        value = await self._ask("get", f"{PRODUCTS}/{id}")
        if value is None:
            return []
        fields = {name: value.get(name) for name in ("name", "description")} | {"tax_code": id_in(value, "tax_code")}
        found = [Offer(OfferKind.PRODUCT, id, fields)]
        for attached in await self._all(f"{PRODUCTS}/{id}/features", {}):
            feature = str(object_in(attached, "entitlement_feature").get("lookup_key"))
            found.append(Offer(OfferKind.PRODUCT_FEATURE, f"{id}/{feature}", {"product": id, "feature": feature}))
        return found

    async def _prices(self, keys: Sequence[str]) -> list[Offer]:
        found: list[Offer] = []
        expand = ["data.currency_options", "data.tiers"]
        meters = {id: key for (kind, key), id in self._ids.items() if kind is OfferKind.METER}
        for start in range(0, len(keys), LOOKUP_KEYS_AT_ONCE):
            some = {"lookup_keys": list(keys[start : start + LOOKUP_KEYS_AT_ONCE]), "active": True, "expand": expand}
            found += [_price(value, meters) for value in await self._all(PRICES, some)]
        return found

    async def _coupon(self, id: str) -> list[Offer]:
        value = await self._ask("get", f"{COUPONS}/{id}", {"expand": ["applies_to", "currency_options"]})
        if value is None:
            return []
        options = {name: option["amount_off"] for name, option in object_in(value, "currency_options").items()}
        own = {value["currency"]: value["amount_off"]} if value.get("amount_off") else {}
        percent = value.get("percent_off")
        fields = {name: value.get(name) for name in ("name", "duration", "duration_in_months")}
        fields["percent_off"] = None if percent is None else int(float(percent))
        fields["amounts_off"] = {**options, **own}
        fields["products"] = list(object_in(value, "applies_to").get("products") or [])
        return [Offer(OfferKind.COUPON, id, fields)]

    async def _promotion_code(self, code: str) -> list[Offer]:
        every = await self._all(CODES, {"code": code, "active": True})
        return [
            Offer(OfferKind.PROMOTION_CODE, code, {"coupon": id_in(object_in(value, "promotion"), "coupon")})
            for value in every[:1]
        ]

    async def _all(self, path: str, parameters: Json) -> list[Json]:
        """Every page."""
        found: list[Json] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = await self._ask("get", path, {**parameters, "limit": 100, **after})
            found += objects_in({"list": page}, "list")
            if not (page and page.get("has_more")):
                return found


def _completed(found: Sequence[Offer], wanted: Sequence[Offer]) -> list[Offer]:
    """Tiers in other currencies than the price's own are not shown in lists: they are taken to be as they should."""
    should = {offer.key: offer.fields["amounts"] for offer in wanted if offer.kind is OfferKind.PRICE}
    every: list[Offer] = []
    for offer in found:
        shown: Json = offer.fields["amounts"]
        amounts = {name: should[offer.key].get(name) if each is None else each for name, each in shown.items()}
        every.append(Offer(offer.kind, offer.key, {**offer.fields, "amounts": amounts}))
    return every


def _worth(amount: int | list[list[int | None]]) -> Json:
    """The parameters of an amount, or of tiers."""
    if isinstance(amount, int):
        return {"unit_amount": amount}
    tiers = [
        {"up_to": "inf" if end is None else end, "unit_amount": unit, "flat_amount": flat} for end, unit, flat in amount
    ]
    return {
        "tiers": [{name: value for name, value in tier.items() if name != "flat_amount" or value} for tier in tiers]
    }


def _coupon_parameters(offer: Offer) -> Json:
    fields, amounts = offer.fields, offer.fields["amounts_off"]
    own = first_currency(amounts) if amounts else None
    given = {name: fields[name] for name in ("name", "percent_off", "duration", "duration_in_months")}
    if own:
        others = {currency: {"amount_off": amount} for currency, amount in amounts.items() if currency != own}
        given |= {"amount_off": amounts[own], "currency": own, "currency_options": others or None}
    if fields["products"]:
        given["applies_to"] = {"products": fields["products"]}
    return {"id": offer.key, **{name: value for name, value in given.items() if value is not None}}


def _price(value: Json, meters: Mapping[str, str]) -> Offer:
    """Stripe's price in our fields."""
    recurring = None
    if value.get("recurring"):
        said = object_in(value, "recurring")
        recurring = {"interval": said.get("interval"), "usage_type": said.get("usage_type")}
        if said.get("meter"):
            recurring["meter"] = meters.get(said["meter"], said["meter"])
    options = object_in(value, "currency_options")
    amounts = {currency: _amount(option) for currency, option in options.items()}
    amounts[value["currency"]] = _amount(value)
    fields = {
        "product": id_in(value, "product"),
        "recurring": recurring,
        "tax_behavior": value.get("tax_behavior"),
        "each": object_in(value, "transform_quantity").get("divide_by") or 1,
        "tiers_mode": value.get("tiers_mode"),
        "amounts": amounts,
    }
    return Offer(OfferKind.PRICE, str(value.get("lookup_key")), fields)


def _amount(value: Json) -> int | list[list[int | None]] | None:
    tiers: list[Json] | None = value.get("tiers")
    if tiers:
        return [[tier.get("up_to"), tier.get("unit_amount") or 0, tier.get("flat_amount") or 0] for tier in tiers]
    return value.get("unit_amount")
