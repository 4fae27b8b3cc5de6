"""Grants as bytes: equal facts give equal bytes, whatever the order they came in."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from gating.model import Grant, LimitGrant, Snapshot, Source

FORMAT = 1
"""Raised when the shape changes, so that no release reads what another one cached."""


class Unreadable(ValueError):
    """Bytes that are not a snapshot of the member asked for, in the present format."""


def canonical(snapshot: Snapshot) -> Snapshot:
    """The same facts in the one order that encoding uses. Equal grants count once; equal limits add up, so all stay."""
    return replace(
        snapshot,
        # By their bytes: None and text do not compare.
        grants=tuple(sorted(set(snapshot.grants), key=lambda grant: orjson.dumps(_grant_fields(grant)))),
        limits=tuple(sorted(snapshot.limits, key=lambda grant: orjson.dumps(_limit_fields(grant)))),
    )


def encode_content(snapshot: Snapshot) -> bytes:
    """JSON `{"grants": […], "limits": […]}` of a canonical snapshot, without its member and revision."""
    grants = [_grant_fields(grant) for grant in snapshot.grants]
    return orjson.dumps({"grants": grants, "limits": [_limit_fields(grant) for grant in snapshot.limits]})


def hash_content(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def encode_snapshot(snapshot: Snapshot) -> bytes:
    content = orjson.Fragment(encode_content(snapshot))
    return orjson.dumps([FORMAT, snapshot.member_id, snapshot.revision, content])


def decode_snapshot(member_id: str, data: bytes) -> Snapshot:
    """Raises Unreadable on anything else than what `encode_snapshot` made for `member_id`."""
    try:
        form, owner, revision, content = orjson.loads(data)
        if (form, owner) != (FORMAT, member_id):
            raise Unreadable("another format or another member")
        return Snapshot(
            member_id,
            int(revision),
            tuple(_grant(*fields) for fields in content["grants"]),
            tuple(_limit(*fields) for fields in content["limits"]),
        )
    except (ValueError, TypeError, KeyError) as fault:
        raise Unreadable("not a snapshot") from fault


def _grant_fields(grant: Grant) -> list[Any]:
    dates = _written(grant.starts_at), _written(grant.ends_at)
    return [grant.feature, grant.source.value, grant.source_id, grant.plan, *dates]


def _limit_fields(grant: LimitGrant) -> list[Any]:
    dates = _written(grant.starts_at), _written(grant.ends_at)
    return [grant.limit, grant.value, grant.source.value, grant.source_id, *dates]


def _grant(feature: str, source: str, source_id: str, plan: str | None, start: str | None, end: str | None) -> Grant:
    return Grant(feature, Source(source), source_id, plan, _read(start), _read(end))


def _limit(name: str, value: int, source: str, source_id: str, start: str | None, end: str | None) -> LimitGrant:
    return LimitGrant(name, value, Source(source), source_id, _read(start), _read(end))


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _read(at: str | None) -> datetime | None:
    return None if at is None else datetime.fromisoformat(at)
