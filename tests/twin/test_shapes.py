"""The judge of shapes is judged: what is planted, it finds."""

from typing import Any

import pytest

from tests.twin.lives import Shop
from tests.twin.shapes import problems_of


@pytest.fixture(scope="module")
def subscription() -> dict[str, Any]:
    shop = Shop()
    return shop.twin.call(f"GET /v1/subscriptions/{shop.subscribe(shop.customer())}")


def test_what_the_twin_answers_is_right(subscription: dict[str, Any]) -> None:
    assert list(problems_of(subscription)) == []


PLANTED: dict[str, dict[str, Any]] = {
    ".status": {"status": "asleep"},
    ".created": {"created": "today"},
    ".shoes": {"shoes": 2},
    ".automatic_tax.enabled": {"automatic_tax": {"disabled_reason": None, "liability": None}},
    ".cancel_at_period_end": {"cancel_at_period_end": None},
    ".discounts": {"discounts": None},
    ".items": {"items": {"object": "list", "data": [{"object": "subscription_item"}]}},
    "shoe": {"object": "shoe"},
}


@pytest.mark.parametrize("where", PLANTED)
def test_what_is_wrong_is_found_where_it_is(subscription: dict[str, Any], where: str) -> None:
    found = list(problems_of(subscription | PLANTED[where]))
    assert found
    assert all(where in problem for problem in found)


def test_what_is_missing_is_found(subscription: dict[str, Any]) -> None:
    without = {name: value for name, value in subscription.items() if name != "billing_cycle_anchor"}
    assert [problem for problem in problems_of(without) if ".billing_cycle_anchor: missing" in problem]
