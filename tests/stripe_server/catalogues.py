"""A history's own catalogue and policy, written as our catalogue file: the file must be able to say all of it."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from billing.catalogue import parse_catalogue
from billing.model import Catalogue

STATUSES = (
    "trialing",
    "active",
    "past_due",
    "unpaid",
    "paused",
    "incomplete",
    "incomplete_expired",
    "canceled",
)
EFFECTS = {"keep access": "keep"}
UNTIL = "access until the current_period_end in force when collection was paused, then none until resumed"
DISPUTE = (
    "open dispute on any of the customer's charges suspends all access; won restores; lost keeps it suspended for that"
    " charge's subscription until it ends"
)
SUM = "sum of quantity over granting items"
UNION = "union over granting subscriptions of product features of every item plus price_extra_features"


def catalogue_of(catalogue: Mapping[str, Any], policy: Mapping[str, Any], which: str = "default") -> Catalogue:
    """Read through the file's text. `which` is the policy's `default` or `strict`; words unknown here are an error."""
    return parse_catalogue("history.yaml", file_of(catalogue, policy, which))


def file_of(catalogue: Mapping[str, Any], policy: Mapping[str, Any], which: str) -> str:
    assert policy["dispute"] == DISPUTE
    assert policy["refund"] == "no effect on access"
    assert policy["entitlement_set"] == UNION
    access = {
        "states": {status: "full" if status in policy[which]["grants"] else "none" for status in STATUSES},
        "pause_collection": {
            name: "until_period_end" if words == UNTIL else EFFECTS[words]
            for name, words in policy["pause_collection"].items()
        },
        "refund": "keep",
        "dispute": {
            "open": "suspend_all",
            "open_statuses": ["needs_response", "under_review"],
            "lost": "suspend_subscription",
        },
    }
    plans = {product.lower(): _plan(catalogue, product, rank) for rank, product in enumerate(catalogue["products"])}
    limits = {name: name.title() for name in catalogue.get("limits", {})}
    return yaml.safe_dump({"features": catalogue["features"], "limits": limits, "plans": plans, "access": access})


def _plan(catalogue: Mapping[str, Any], product: str, rank: int) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for name, limit in catalogue.get("limits", {}).items():
        assert limit["rule"] == SUM
        if limit["product"] == product:
            limits[name] = {"per_quantity": 1}
    return {
        "name": catalogue["products"][product]["name"],
        "rank": rank,
        "features": catalogue["products"][product]["features"],
        "products": [product],
        "limits": limits,
        "prices": list(_prices(catalogue, product)),
    }


def _prices(catalogue: Mapping[str, Any], product: str) -> Iterable[dict[str, Any]]:
    for id, price in catalogue["prices"].items():
        if price["product"] == product:
            yield {
                "id": id,
                "lookup_key": price["lookup_key"],
                "interval": price["interval"],
                "amounts": {price["currency"]: price["unit_amount"]},
                "extra_features": catalogue.get("price_extra_features", {}).get(id, []),
            }
