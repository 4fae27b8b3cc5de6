"""What is sold to those who live there: told to Gatehouse as a catalogue, and to the judge in the twin's words."""

from typing import Any

from billing.catalogue import parse_catalogue
from twin.account import Twin
from twin.demands import Rules

MEMBER_KEY = "member_id"

CATALOGUE = parse_catalogue(
    "lives.yaml",
    """
features: {content_premium: Premium, downloads: Downloads, analytics: Analytics, archive: Archive, api_access: API,
  live_updates: Live}
limits: {seats: Seats}
default_plan: free
plans:
  free: {name: Free, rank: 0, prices: [{lookup_key: free, interval: month, amounts: {usd: 0}}]}
  basic: {name: Basic, rank: 1, features: [content_premium],
    prices: [{lookup_key: basic, interval: month, amounts: {usd: 900}}]}
  pro: {name: Pro, rank: 2, features: [content_premium, downloads, analytics],
    prices: [{lookup_key: pro, interval: month, amounts: {usd: 2900}}]}
  team: {name: Team, rank: 3, features: [content_premium, downloads, api_access, live_updates],
    prices: [{lookup_key: team, interval: month, amounts: {usd: 9900}}]}
add_ons:
  seats: {name: Seats, limits: {seats: {per_quantity: 2}},
    prices: [{lookup_key: seats, interval: month, amounts: {usd: 300}}]}
  archive: {name: Archive, features: [archive], prices: [{lookup_key: archive, interval: month, amounts: {usd: 500}}]}
access:
  states: {trialing: full, active: full, past_due: grace, unpaid: none, paused: none, incomplete: none,
    incomplete_expired: none, canceled: none}
  dunning:
    steps:
      - {day: 0, step: banner, channels: ["inapp:banner"], access: full}
      - {day: 5, step: warning, channels: ["email:final"], access: read_only}
      - {day: 7, step: downgrade, channels: ["email:winback"], access: none}
    recovered: ["email:thanks"]
  read_only_ends: [downloads]
  pause_collection: {keep_as_draft: keep, mark_uncollectible: keep, void: until_period_end}
  refund: keep
  dispute: {open: suspend_all, open_statuses: [needs_response, under_review], lost: suspend_subscription}
""",
)

RULES = Rules(
    features={
        "basic": ("content_premium",),
        "pro": ("content_premium", "downloads", "analytics"),
        "team": ("content_premium", "downloads", "api_access", "live_updates"),
        "archive": ("archive",),
    },
    limits={"seats": {"seats": 2}},
    writing=("downloads",),
)
"""The same, written down apart: the judge reads no catalogue of ours."""

PLANS = ("basic", "pro", "team")
ADD_ONS = ("seats", "archive")
AMOUNTS = {"free": 0, "basic": 900, "pro": 2900, "team": 9900, "seats": 300, "archive": 500}


def stock(twin: Twin) -> dict[str, str]:
    """Puts it on sale at the twin; the ids of the prices by lookup key."""
    return {key: _price(twin, key, amount) for key, amount in AMOUNTS.items()}


def _price(twin: Twin, key: str, amount: int) -> str:
    product = twin.call("POST /v1/products", name=key.title())["id"]
    asked: dict[str, Any] = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
    return twin.call("POST /v1/prices", product=product, lookup_key=key, **asked)["id"]
