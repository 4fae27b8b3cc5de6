"""Anything a member may hold, small enough that reasons for one thing meet."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from gating.model import Grant, Holdings, LevelGrant, LimitGrant, Source
from gating.values import Override, ValueKind, Variation

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCALES = {"support": ("community", "standard", "priority"), "speed": ("slow", "fast")}

keys = st.sampled_from(["archive", "analytics", "downloads", "live"])
amounts = st.none() | st.integers(0, 9)
words = st.sampled_from([word for scale in SCALES.values() for word in scale] + ["forgotten"])
levels = st.sampled_from(list(SCALES))
sources = st.sampled_from(Source)
instants = st.none() | st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))
reasons = (sources, st.sampled_from(["sub_1", "sub_2"]))

grants = st.builds(Grant, keys, *reasons, st.none() | st.just("pro"), instants, instants)
limit_grants = st.builds(LimitGrant, keys, amounts, *reasons, instants, instants)
level_grants = st.builds(LevelGrant, levels, words, *reasons, instants, instants)


def overrides_of(
    kind: ValueKind, key: st.SearchStrategy[str], value: st.SearchStrategy[object]
) -> st.SearchStrategy[Override]:
    organizations = st.none() | st.sampled_from(["org_1", "org_2"])
    return st.builds(Override, st.just(kind), key, value, st.just("case_1"), organizations, instants, instants)


overrides = st.one_of(
    overrides_of(ValueKind.FEATURE, keys, st.booleans()),
    overrides_of(ValueKind.LIMIT, keys, amounts),
    overrides_of(ValueKind.LEVEL, levels, words),
)


def several(one: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(one, max_size=4).map(tuple)


holdings = st.builds(Holdings, several(grants), several(limit_grants), several(level_grants), several(overrides))
gifts = st.builds(Holdings, several(grants), several(limit_grants), several(level_grants))
"""Without what an operator set."""


def variations_of(
    kind: ValueKind, key: st.SearchStrategy[str], value: st.SearchStrategy[object]
) -> st.SearchStrategy[Variation]:
    return st.builds(Variation, st.just(kind), key, value, st.sampled_from(["one:a", "two:b"]), instants, instants)


variations = st.lists(
    st.one_of(
        variations_of(ValueKind.FEATURE, keys, st.booleans()),
        variations_of(ValueKind.LIMIT, keys, amounts),
        variations_of(ValueKind.LEVEL, levels, words),
    ),
    max_size=4,
).map(tuple)
