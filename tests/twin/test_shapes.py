"""The judge of shapes is judged: what is planted, it finds."""

from collections.abc import Callable
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


@pytest.mark.parametrize(
    ("where", "plant"),
    [
        (".status", lambda held: held | {"status": "asleep"}),
        (".created", lambda held: held | {"created": "today"}),
        (".shoes", lambda held: held | {"shoes": 2}),
        (".billing_cycle_anchor", lambda held: {k: v for k, v in held.items() if k != "billing_cycle_anchor"}),
        (".automatic_tax.enabled", lambda held: held | {"automatic_tax": {"disabled_reason": None, "liability": None}}),
        (".cancel_at_period_end", lambda held: held | {"cancel_at_period_end": None}),
        (".discounts", lambda held: held | {"discounts": None}),
        (".items", lambda held: held | {"items": {"object": "list", "data": [{"object": "subscription_item"}]}}),
        ("", lambda held: held | {"object": "shoe"}),
    ],
)
def test_what_is_wrong_is_found_where_it_is(
    subscription: dict[str, Any], where: str, plant: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    found = list(problems_of(plant(subscription)))
    assert found
    assert all(where in problem for problem in found)
