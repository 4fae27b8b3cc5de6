"""Orders, prices by country, and addresses to come back to."""

from pathlib import Path

import pytest

from billing.catalogue import parse_catalogue
from billing.model import Catalogue
from billing.offered import plans_offered
from billing.orders import Basket, Extra, Order, basket_for
from billing.refusals import Refusal, RefusalCode
from billing.return_urls import return_url_for

DEMO = Path("catalogue.yaml").read_text(encoding="utf-8")
OURS = ("https://members.example", "http://localhost:8000")


def catalogue(*edits: tuple[str, str]) -> Catalogue:
    source = DEMO
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return parse_catalogue("catalogue.yaml", source)


def bought(order: Order, country: str | None = None) -> list[tuple[str | None, int | None]]:
    basket = basket_for(order, catalogue(), country)
    assert isinstance(basket, Basket)
    return [(line.price.lookup_key, line.quantity) for line in basket.lines]


def test_what_comes_with_a_price_is_bought_with_it() -> None:
    assert bought(Order(plan="enterprise")) == [("enterprise_monthly", 1), ("enterprise_api_calls", None)]
    with_seats = Order(price="pro_monthly", extras=(Extra("seats_monthly", 7), Extra("project_pack_once")))
    assert bought(with_seats) == [("pro_monthly", 1), ("seats_monthly", 7), ("project_pack_once", 1)]


@pytest.mark.parametrize("quantity", [-1, 0, 10_001])
def test_numbers_that_cannot_be_are_refused(quantity: int) -> None:
    refusal = basket_for(Order(price="seats_monthly", quantity=quantity), catalogue(), None)
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.QUANTITY_NOT_ALLOWED


def test_what_is_sold_in_some_countries_is_sold_and_shown_there_alone() -> None:
    price = "      - lookup_key: pro_annual\n"
    some = catalogue((price, f"{price}        countries: [DE, FR]\n"))
    for country, sold in (("DE", True), ("US", False), (None, False)):
        assert isinstance(basket_for(Order(price="pro_annual"), some, country), Basket) is sold
    shown = {plan.key: [price.lookup_key for price in plan.prices] for plan in plans_offered(some, None, "US")}
    assert shown["pro"] == ["pro_monthly"]


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("/welcome?s={CHECKOUT_SESSION_ID}", "https://members.example/welcome?s={CHECKOUT_SESSION_ID}"),
        ("https://members.example/a", "https://members.example/a"),
        ("https://members.example:443/a", "https://members.example:443/a"),
        ("http://localhost:8000", "http://localhost:8000"),
    ],
)
def test_addresses_of_ours_are_taken(given: str, whole: str) -> None:
    assert return_url_for(given, OURS, "url") == whole


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example",
        "https://members.example.evil.example/",
        "https://members.example@evil.example/",
        "https://evil@members.example/",
        "http://members.example/",
        "https://members.example:8443/",
        "//evil.example",
        "/\\evil.example",
        "/a\nb",
        "javascript:alert(1)",
        "https:members.example",
        "https://[members.example",
        "https://mémbers.example/",
        "welcome",
        "/" + "a" * 2000,
    ],
)
def test_addresses_elsewhere_are_not(given: str) -> None:
    refusal = return_url_for(given, OURS, "url")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.path) == (RefusalCode.RETURN_URL_NOT_ALLOWED, ("url",))


def test_without_any_of_ours_the_operator_is_named() -> None:
    refusal = return_url_for("/", (), "url")
    assert isinstance(refusal, Refusal)
    assert "GATEHOUSE_RETURN_ORIGINS" in refusal.message
