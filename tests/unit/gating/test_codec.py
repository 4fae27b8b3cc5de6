"""Equal facts give equal bytes, other facts give others, and what was written is read."""

import contextlib
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.codec import Unreadable, canonical, decode_content, decode_snapshot, encode_content, encode_snapshot
from gating.model import Grant, LevelGrant, LimitGrant, Snapshot, Source
from gating.values import Override, ValueKind

names = st.text(max_size=6)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
instants = st.none() | st.datetimes(datetime(2000, 1, 2), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001 - its API
grants = st.builds(Grant, names, st.sampled_from(Source), names, st.none() | names, instants, instants)
amounts = st.none() | st.integers(0, 2**53)
limits = st.builds(LimitGrant, names, amounts, st.sampled_from(Source), names, instants, instants)
levels = st.builds(LevelGrant, names, names, st.sampled_from(Source), names, instants, instants)
organizations = st.none() | names


def overrides_of(kind: ValueKind, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Override]:
    return st.builds(Override, st.just(kind), names, values, names, organizations, instants, instants)


overrides = st.one_of(
    overrides_of(ValueKind.FEATURE, st.booleans()),
    overrides_of(ValueKind.LIMIT, amounts),
    overrides_of(ValueKind.LEVEL, names),
)
snapshots = st.builds(
    Snapshot,
    names,
    st.integers(0, 2**53),
    st.lists(grants, max_size=5).map(tuple),
    st.lists(limits, max_size=5).map(tuple),
    st.lists(levels, max_size=3).map(tuple),
    st.lists(overrides, max_size=3).map(tuple),
    countries=st.lists(st.sampled_from(["DE", "FR", "KP"]), max_size=3).map(tuple),
)


@given(snapshots, st.integers())
def test_order_zone_and_repetition_leave_no_trace(snapshot: Snapshot, seed: int) -> None:
    def shuffled(facts: tuple[Any, ...], times: int) -> tuple[Any, ...]:
        return tuple(Random(seed).sample(facts * times, len(facts) * times))

    other = replace(
        snapshot,
        grants=shuffled(snapshot.grants, 2),
        limits=shuffled(snapshot.limits, 1),
        levels=shuffled(snapshot.levels, 2),
        overrides=shuffled(snapshot.overrides, 2),
        countries=shuffled(snapshot.countries, 2),
    )
    assert encode_snapshot(canonical(other)) == encode_snapshot(canonical(snapshot))


@given(snapshots, snapshots)
def test_other_facts_give_other_bytes(one: Snapshot, other: Snapshot) -> None:
    assert (encode_content(canonical(one)) == encode_content(canonical(other))) == (facts_of(one) == facts_of(other))


def facts_of(snapshot: Snapshot) -> list[list[str]]:
    """As texts: True equals 1, and contributions to limits count as often as they stand there."""
    once = (snapshot.grants, snapshot.levels, snapshot.overrides)
    facts = [sorted({text_of(each) for each in facts}) for facts in once]
    return [*facts, sorted(map(text_of, snapshot.limits)), sorted({*snapshot.countries})]


def text_of(fact: Grant | LimitGrant | LevelGrant | Override) -> str:
    fields = asdict(fact)
    dates = {name: fields[name] and fields[name].astimezone(UTC) for name in ("starts_at", "ends_at")}
    return repr({**fields, **dates})


@given(snapshots)
def test_with_grants_and_limits_alone_content_is_what_earlier_releases_wrote(snapshot: Snapshot) -> None:
    """So an upgrade raises no revision."""
    old = replace(snapshot, levels=(), overrides=(), countries=())
    assert set(orjson.loads(encode_content(old))) == {"grants", "limits"}


def test_what_format_1_wrote_is_still_read() -> None:
    grant = '["downloads","subscription","sub_1","pro",null,"2026-03-01T00:00:00+00:00"]'
    data = f'[1,"ann",7,{{"grants":[{grant}],"limits":[["calls",100,"manual","gift_1",null,null]]}}]'
    ends_at = datetime(2026, 3, 1, tzinfo=UTC)
    assert decode_snapshot("ann", data.encode()) == Snapshot(
        "ann",
        7,
        (Grant("downloads", Source.SUBSCRIPTION, "sub_1", "pro", None, ends_at),),
        (LimitGrant("calls", 100, Source.MANUAL, "gift_1"),),
    )


@given(snapshots)
def test_what_was_encoded_is_decoded(snapshot: Snapshot) -> None:
    decoded = decode_snapshot(snapshot.member_id, encode_snapshot(snapshot))
    assert decoded == snapshot
    assert decode_content(snapshot.member_id, snapshot.revision, orjson.loads(encode_content(snapshot))) == decoded


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"nonsense",
        b"\xff",
        b'[4,"ann",1,{"grants":[],"limits":[]}]',
        b'[2,"ann",1,{"grants":[],"limits":[["calls",-1,"manual","x",null,null]]}]',
        b'[2,"ann",1,{"grants":[],"limits":[],"overrides":[["feature","a",7,"x",null,null,null]]}]',
        b'[2,"ann",1,["grants","limits"]]',
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
