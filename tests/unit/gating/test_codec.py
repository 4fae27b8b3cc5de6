"""Equal facts give equal bytes, other facts give others, and what was written is read."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.codec import Unreadable, canonical, decode_snapshot, encode_content, encode_snapshot
from gating.model import Grant, LimitGrant, Snapshot, Source

names = st.text(max_size=6)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
instants = st.none() | st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001 - its API
grants = st.builds(Grant, names, st.sampled_from(Source), names, st.none() | names, instants, instants)
limits = st.builds(LimitGrant, names, st.integers(-5, 2**53), st.sampled_from(Source), names, instants, instants)
snapshots = st.builds(
    Snapshot,
    names,
    st.integers(0, 2**53),
    st.lists(grants, max_size=5).map(tuple),
    st.lists(limits, max_size=5).map(tuple),
)


@given(snapshots, st.integers())
def test_order_zone_and_repetition_leave_no_trace(snapshot: Snapshot, seed: int) -> None:
    shuffled_grants, shuffled_limits = [*snapshot.grants, *snapshot.grants], [*snapshot.limits]
    Random(seed).shuffle(shuffled_grants)
    Random(seed).shuffle(shuffled_limits)
    other = Snapshot(snapshot.member_id, snapshot.revision, tuple(shuffled_grants), tuple(shuffled_limits))
    assert encode_snapshot(canonical(other)) == encode_snapshot(canonical(snapshot))


@given(snapshots, snapshots)
def test_other_facts_give_other_bytes(one: Snapshot, other: Snapshot) -> None:
    same_facts = set(one.grants) == set(other.grants) and sorted_limits(one) == sorted_limits(other)
    assert (encode_content(canonical(one)) == encode_content(canonical(other))) == same_facts


def sorted_limits(snapshot: Snapshot) -> list[str]:
    utc = (
        (each.limit, each.value, each.source, each.source_id, *(at and at.astimezone(UTC) for at in dates(each)))
        for each in snapshot.limits
    )
    return sorted(map(repr, utc))


def dates(grant: LimitGrant) -> tuple[datetime | None, datetime | None]:
    return grant.starts_at, grant.ends_at


@given(snapshots)
def test_what_was_encoded_is_decoded(snapshot: Snapshot) -> None:
    assert decode_snapshot(snapshot.member_id, encode_snapshot(snapshot)) == snapshot


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"nonsense",
        b"\xff",
        b'[2,"ann",1,{"grants":[],"limits":[]}]',
        b'[1,"ann",1,{"grants":[]}]',
        b'[1,"bob",1,{"grants":[],"limits":[]}]',
        b'[1,"ann",1,{"grants":[["a","unheard of","x",null,null,null]],"limits":[]}]',
    ],
)
def test_anything_else_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_snapshot("ann", data)


@given(
    snapshots.map(lambda each: encode_snapshot(replace(each, member_id="ann"))),
    st.integers(0, 400),
    st.integers(0, 255),
)
def test_damaged_bytes_are_unreadable_or_a_snapshot_and_nothing_else(data: bytes, at: int, byte: int) -> None:
    damaged = data[: at % len(data)] + bytes([byte]) + data[at % len(data) + 1 :]
    with contextlib.suppress(Unreadable):
        assert decode_snapshot("ann", damaged).member_id == "ann"


def test_a_date_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Grant("downloads", Source.MANUAL, "x", ends_at=datetime(2026, 3, 1))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="no time zone"):
        LimitGrant("calls", 1, Source.MANUAL, "x", starts_at=datetime(2026, 3, 1))  # noqa: DTZ001 - the point
