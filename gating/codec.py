"""Grants as bytes: equal facts give equal bytes, whatever the order they came in."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from gating.merge import Amount
from gating.model import Grant, LevelGrant, LimitGrant, Snapshot, Source
from gating.values import Override, Value, ValueKind

FORMAT = 3
"""What is written; raised when the shape changes, so that an older release takes it for a miss and asks PostgreSQL."""

READABLE = (1, 2, FORMAT)
"""What is read. Format 1 had neither levels nor overrides, format 2 no countries."""

Lists = Mapping[str, Sequence[Sequence[Any]]]


class Unreadable(ValueError):
    """Bytes that are not a snapshot of the member asked for, in a format that is known."""


def canonical(snapshot: Snapshot) -> Snapshot:
    """The same facts in the one order that encoding uses. Equal grants count once; equal limits add up, so all stay."""
    return replace(
        snapshot,
        # By their bytes: None and text do not compare.
        grants=tuple(sorted(set(snapshot.grants), key=lambda grant: orjson.dumps(_grant_fields(grant)))),
        limits=tuple(sorted(snapshot.limits, key=lambda grant: orjson.dumps(_value_fields(grant)))),
        levels=tuple(sorted(set(snapshot.levels), key=lambda grant: orjson.dumps(_value_fields(grant)))),
        overrides=tuple(sorted(_distinct(snapshot.overrides), key=lambda each: orjson.dumps(_override_fields(each)))),
        countries=tuple(sorted(set(snapshot.countries))),
    )


def encode_content(snapshot: Snapshot) -> bytes:
    """JSON `{"grants": […], "limits": […]}` of a canonical snapshot, without its member and revision.

    `levels`, `overrides` and `countries` follow where there are any: without them the bytes are those of all earlier
    releases, so that an upgrade changes no content and raises no revision.
    """
    content: dict[str, list[Any]] = {
        "grants": [_grant_fields(grant) for grant in snapshot.grants],
        "limits": [_value_fields(grant) for grant in snapshot.limits],
    }
    if snapshot.levels:
        content["levels"] = [_value_fields(grant) for grant in snapshot.levels]
    if snapshot.overrides:
        content["overrides"] = [_override_fields(override) for override in snapshot.overrides]
    if snapshot.countries:
        content["countries"] = list(snapshot.countries)
    return orjson.dumps(content)


def decode_content(member_id: str, revision: int, content: Lists) -> Snapshot:
    """From the parsed JSON of `encode_content`. Raises Unreadable on anything else."""
    try:
        return Snapshot(
            member_id,
            revision,
            tuple(_grant(*fields) for fields in content["grants"]),
            tuple(_limit(*fields) for fields in content["limits"]),
            tuple(_level(*fields) for fields in content.get("levels", ())),
            tuple(_override(*fields) for fields in content.get("overrides", ())),
            countries=tuple(map(str, content.get("countries", ()))),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise Unreadable("not the content of a snapshot") from fault


def hash_content(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def encode_snapshot(snapshot: Snapshot) -> bytes:
    content = orjson.Fragment(encode_content(snapshot))
    return orjson.dumps([FORMAT, snapshot.member_id, snapshot.revision, content])


def decode_snapshot(member_id: str, data: bytes) -> Snapshot:
    """Raises Unreadable on anything else than what `encode_snapshot` made for `member_id`, also in an older format."""
    try:
        form, owner, revision, content = orjson.loads(data)
        if form not in READABLE or owner != member_id:
            raise Unreadable("another format or another member")
        return decode_content(member_id, int(revision), content)
    except (ValueError, TypeError) as fault:
        raise Unreadable("not a snapshot") from fault


def _distinct(overrides: Iterable[Override]) -> Iterable[Override]:
    """By their bytes: True equals 1."""
    return {orjson.dumps(_override_fields(each)): each for each in overrides}.values()


def _grant_fields(grant: Grant) -> list[Any]:
    dates = _written(grant.starts_at), _written(grant.ends_at)
    return [grant.feature, grant.source.value, grant.source_id, grant.plan, *dates]


def _value_fields(grant: LimitGrant | LevelGrant) -> list[Any]:
    name = grant.limit if isinstance(grant, LimitGrant) else grant.level
    dates = _written(grant.starts_at), _written(grant.ends_at)
    return [name, grant.value, grant.source.value, grant.source_id, *dates]


def _override_fields(override: Override) -> list[Any]:
    dates = _written(override.starts_at), _written(override.ends_at)
    return [override.kind.value, override.key, override.value, override.source_id, override.organization, *dates]


def _grant(feature: str, source: str, source_id: str, plan: str | None, start: str | None, end: str | None) -> Grant:
    return Grant(feature, Source(source), source_id, plan, _read(start), _read(end))


def _limit(name: str, value: Amount, source: str, source_id: str, start: str | None, end: str | None) -> LimitGrant:
    return LimitGrant(name, value, Source(source), source_id, _read(start), _read(end))


def _level(name: str, value: str, source: str, source_id: str, start: str | None, end: str | None) -> LevelGrant:
    return LevelGrant(name, value, Source(source), source_id, _read(start), _read(end))


def _override(
    kind: str, key: str, value: Value, source_id: str, organization: str | None, start: str | None, end: str | None
) -> Override:
    return Override(ValueKind(kind), key, value, source_id, organization, _read(start), _read(end))


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _read(at: str | None) -> datetime | None:
    return None if at is None else datetime.fromisoformat(at)
