"""Versions of plans as they are sold: what one is made of, which were applied, and that a sold one never changes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.model import Catalogue, Money, Plan, Price
from gating.codec import canonical, decode_snapshot, encode_snapshot
from gating.model import Holdings, Snapshot

Content = Mapping[str, Any]

APPLIED = text("SELECT plan, version, content FROM catalogue_version ORDER BY plan, version")
IN_FORCE = text("SELECT fingerprint, baseline FROM catalogue_applied")
SOLD = text(
    "SELECT name, count(DISTINCT bought.id) AS total FROM"
    " (SELECT id, content FROM subscription UNION ALL SELECT id, content FROM purchase) AS bought,"
    " jsonb_array_elements(content->'items') AS item,"
    " LATERAL (VALUES (item->>'price_id'), (item->>'lookup_key'), (item->>'product_id')) AS names (name)"
    " WHERE name <> '' GROUP BY name"
)
RECORD = text(
    "INSERT INTO catalogue_version (plan, version, content, applied_at)"
    " VALUES (:plan, :version, CAST(:content AS jsonb), :now)"
    " ON CONFLICT (plan, version) DO UPDATE SET content = excluded.content, applied_at = excluded.applied_at"
    " WHERE catalogue_version.content <> excluded.content"
)
ENFORCE = text(
    "INSERT INTO catalogue_applied (fingerprint, baseline, applied_at)"
    " VALUES (:fingerprint, CAST(:baseline AS jsonb), :now) ON CONFLICT (one) DO UPDATE"
    " SET fingerprint = excluded.fingerprint, baseline = excluded.baseline, applied_at = excluded.applied_at"
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was applied last: every version ever, what everybody held, and how many subscriptions name each price.

    `fingerprint` and `baseline` are None before the first time.
    """

    versions: Mapping[tuple[str, int], Content]
    fingerprint: str | None
    baseline: Holdings | None
    sold: Mapping[str, int]

    def sold_to(self, content: Content) -> int:
        """How many subscriptions have the version, ended ones too."""
        return max((self.sold.get(name, 0) for name in names_of(content)), default=0)


def content_of(plan: Plan) -> Content:
    """What may not change once a version is sold: what it gives, and what it costs. Not how it is called or offered."""
    return {
        "features": sorted(plan.features),
        "limits": {each.limit: {"value": each.value, "per_quantity": each.per_quantity} for each in plan.limits},
        "levels": {each.level: each.value for each in plan.levels},
        "products": sorted(plan.products),
        "prices": [_price_content(price) for price in sorted(plan.prices, key=lambda price: sorted(price.names))],
    }


def _price_content(price: Price) -> Content:
    tiers = [[tier.up_to, _money(tier.amounts), _money(tier.flat)] for tier in price.tiers]
    lasts = {"lasts_days": price.lasts_days} if price.lasts_days else {}  # as contents before it have none
    return lasts | {
        "names": sorted(price.names),
        "interval": price.interval.value,
        "amounts": _money(price.amounts),
        "tiers": tiers,
        "tier_mode": price.tier_mode,
        "meter": price.meter,
        "each": price.each,
        "tax": price.tax,
        "extra_features": sorted(price.extra_features),
    }


def _money(amounts: Iterable[Money]) -> Mapping[str, int]:
    return {money.currency: money.amount_minor for money in amounts}


def names_of(content: Content) -> frozenset[str]:
    """By which Stripe's prices and products are recognised as this version."""
    return frozenset(name for price in content["prices"] for name in price["names"]).union(content["products"])


def fingerprint_of(catalogue: Catalogue) -> str:
    """Equal for catalogues by which every member holds the same."""
    versions = [[each.key, each.version, each.rank, content_of(each)] for each in all_versions(catalogue)]
    decisive = [versions, catalogue.access, catalogue.default_plan and catalogue.default_plan.key]
    return hashlib.sha256(orjson.dumps(decisive, default=_in_order, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _in_order(value: object) -> list[str]:
    """A set's words: every process has an order of its own for them."""
    if isinstance(value, frozenset):
        return sorted(map(str, cast("frozenset[object]", value)))
    raise TypeError(type(value).__name__)


def all_versions(catalogue: Catalogue) -> list[Plan]:
    return [version for plan in (*catalogue.plans, *catalogue.add_ons) for version in plan.versions]


def find_broken_promises(catalogue: Catalogue, applied: Applied) -> list[str]:
    """What the catalogue would change for those who have bought it without saying so: a problem and remedy each."""
    current = {plan.key: plan for plan in (*catalogue.plans, *catalogue.add_ons)}
    known = frozenset[str]().union(*(names_of(content_of(each)) for each in all_versions(catalogue)))
    found: list[str] = []
    for (key, version), content in sorted(applied.versions.items()):
        total = applied.sold_to(content)
        if not total:
            continue
        what = f"{key} version {version} is sold ({total} subscriptions)"
        plan = current.get(key)
        kept = next((each for each in plan.versions if each.version == version), None) if plan else None
        if plan is None:
            found.append(f"{what} and no longer there: keep it, with `on_sale: false` on its prices")
        elif kept is not None and orjson.loads(orjson.dumps(content_of(kept))) != content:
            found.append(
                f"{what} and cannot change: make it `version: {plan.version + 1}`, and either keep the old one under"
                f" `earlier` for those who have it, or move them with `replaces: [{version}]`"
            )
        elif kept is None and version not in plan.replaces:
            found.append(f"{what} and left out: keep it under `earlier`, or move its members with `replaces`")
        elif kept is None and (lost := sorted(names_of(content) & applied.sold.keys() - known)):
            found.append(f"{what} and replaced without its price: keep {', '.join(lost)} among the prices")
    return found


async def get_applied(connection: AsyncConnection) -> Applied:
    versions = {(row.plan, row.version): row.content for row in await connection.execute(APPLIED)}
    sold = {row.name: row.total for row in await connection.execute(SOLD)}
    force = (await connection.execute(IN_FORCE)).first()
    if force is None:
        return Applied(versions, None, None, sold)
    return Applied(versions, force.fingerprint, _baseline_from(orjson.dumps(force.baseline)), sold)


async def find_fingerprint(connection: AsyncConnection) -> str | None:
    """Of the catalogue that was applied last; None when none ever was."""
    row = (await connection.execute(IN_FORCE)).first()
    return row.fingerprint if row else None


async def record_applied(connection: AsyncConnection, catalogue: Catalogue, now: datetime) -> None:
    """From the commit on, this is the catalogue in force. Idempotent."""
    for each in all_versions(catalogue):
        content = orjson.dumps(content_of(each)).decode()
        await connection.execute(RECORD, {"plan": each.key, "version": each.version, "content": content, "now": now})
    baseline = _baseline_bytes(catalogue.baseline).decode()
    names = {"fingerprint": fingerprint_of(catalogue), "baseline": baseline, "now": now}
    await connection.execute(ENFORCE, names)


def _baseline_bytes(baseline: Holdings) -> bytes:
    return encode_snapshot(canonical(Snapshot("", 0).over(baseline)))


def _baseline_from(data: bytes) -> Holdings:
    snapshot = decode_snapshot("", data)
    return Holdings(snapshot.grants, snapshot.limits, snapshot.levels, snapshot.overrides)
