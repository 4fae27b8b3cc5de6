"""The catalogue at Stripe, on the twin over real HTTP: made once, found again, changed where Stripe allows it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from billing.catalogue import parse_catalogue
from billing.model import Catalogue
from billing.offers import Action, OfferChange, OfferKind, changes_between, offers_for
from billing.ports import Refused
from billing.stripe import StripeApi
from billing.stripe_offers import StripeOffers
from errors import Unavailable
from twin.server import Options, Running, serving

DEMO = Path("catalogue.yaml").read_text(encoding="utf-8")


def changed(*edits: tuple[str, str]) -> Catalogue:
    source = DEMO
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return parse_catalogue("catalogue.yaml", source)


class Account:
    """A twin, and our side of it. `fresh` forgets what ids Stripe gave, as another process would."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.stripe = StripeApi("sk_test_twin", base_address=running.url)

    @property
    def fresh(self) -> StripeOffers:
        return StripeOffers(self.stripe.ask)

    async def plan(self, catalogue: Catalogue, offers: StripeOffers | None = None) -> Sequence[OfferChange]:
        wanted = offers_for(catalogue)
        return changes_between(wanted, await (offers or self.fresh).fetch_offers(wanted))

    async def apply(self, catalogue: Catalogue, at_most: int = 1000) -> int:
        offers = self.fresh
        changes = await self.plan(catalogue, offers)
        for change in changes[:at_most]:
            await offers.make(change)
        return len(changes)

    async def get(self, path: str, **parameters: Any) -> Any:
        return await self.stripe.ask("get", path, parameters)


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with serving(Options(port=0)) as running:
        account = Account(running)
        yield account
        await account.stripe.close()


def shown(changes: Sequence[OfferChange]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(change.action.value, change.offer.kind.value, change.offer.key, change.differs) for change in changes]


async def test_the_whole_demo_catalogue_is_made_and_then_nothing_is_left_to_do(account: Account) -> None:
    catalogue = changed()
    planned = await account.plan(catalogue)
    assert {change.action for change in planned} == {Action.CREATE}
    assert {change.offer.kind for change in planned} == {*OfferKind}
    await account.apply(catalogue)
    assert shown(await account.plan(catalogue)) == []


async def test_prices_are_at_stripe_as_the_file_says(account: Account) -> None:
    await account.apply(changed())
    expand = ["data.currency_options", "data.tiers"]
    every = (await account.get("/v1/prices", limit=100, expand=expand))["data"]
    prices = {price["lookup_key"]: price for price in every}
    pro = prices["pro_annual"]
    assert (pro["unit_amount"], pro["currency"], pro["recurring"]["interval"]) == (19000, "usd", "year")
    assert (pro["currency_options"]["eur"]["unit_amount"], pro["tax_behavior"]) == (19000, "exclusive")
    assert prices["free_monthly"]["unit_amount"] == 0
    seats = prices["seats_monthly"]
    assert seats["tiers_mode"] == "graduated"
    assert [(tier["up_to"], tier["unit_amount"]) for tier in seats["tiers"]] == [(5, 900), (20, 700), (None, 500)]
    pack = prices["project_pack_once"]
    assert (pack["type"], pack["recurring"], pack["tax_behavior"]) == ("one_time", None, "inclusive")
    calls = prices["enterprise_api_calls"]
    assert calls["recurring"]["usage_type"] == "metered"
    assert calls["transform_quantity"] == {"divide_by": 1000, "round": "up"}


async def test_an_apply_that_was_killed_anywhere_is_finished_by_the_next_and_doubles_nothing(account: Account) -> None:
    catalogue, killed = changed(), 0
    while await account.apply(catalogue, at_most=3):
        killed += 1
    assert killed > 5
    for path in ("/v1/products", "/v1/prices", "/v1/coupons", "/v1/entitlements/features", "/v1/promotion_codes"):
        found = (await account.get(path, limit=100))["data"]
        names = [each.get("lookup_key") or each.get("code") or each["id"] for each in found]
        assert len(names) == len(set(names)), path


async def test_words_are_changed_in_place_and_amounts_by_a_new_price_under_the_same_key(account: Account) -> None:
    await account.apply(changed())
    [before] = (await account.get("/v1/prices", lookup_keys=["pro_monthly"]))["data"]
    other = changed(
        ("    name: Pro\n", "    name: Professional\n"),
        ("        amounts: {usd: 1900, eur: 1900}\n", "        amounts: {usd: 2100, eur: 1900}\n"),
        ("  archive: The archive\n", "  archive: All archives\n"),
    )
    assert shown(await account.plan(other)) == [
        ("update", "feature", "archive", ("name",)),
        ("update", "product", "gatehouse_pro", ("name",)),
        ("replace", "price", "pro_monthly", ("amounts",)),
    ]
    await account.apply(other)
    assert await account.plan(other) == []
    [after] = (await account.get("/v1/prices", lookup_keys=["pro_monthly"]))["data"]
    assert (before["unit_amount"], after["unit_amount"]) == (1900, 2100)
    kept = await account.get(f"/v1/prices/{before['id']}")
    assert (kept["unit_amount"], kept["lookup_key"]) == (1900, None)


async def test_what_stripe_refuses_is_said_in_its_words_and_nothing_there_is_none(account: Account) -> None:
    assert await account.get("/v1/products/none_such") is None
    with pytest.raises(Refused, match="Stripe refuses") as raised:
        await account.stripe.ask("post", "/v1/prices", {"currency": "usd", "product": "none_such", "unit_amount": 1})
    assert isinstance(raised.value, Unavailable)
