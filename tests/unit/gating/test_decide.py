"""The one decision: what it says, and that more never means less."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gating.model import (
    Access,
    DenialCode,
    Mode,
    Need,
    Rule,
    decide,
    missing,
    satisfied,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

keys = st.sampled_from(["archive", "analytics", "downloads", "live"])
key_sets = st.frozensets(keys)
needs = st.lists(st.frozensets(keys, min_size=1), min_size=1, max_size=3).map(tuple)
rules = st.builds(
    Rule,
    coordinate=st.just("Article.body"),
    mode=st.sampled_from(Mode),
    needs=st.lists(needs, max_size=2).map(tuple),
    scopes=st.lists(needs, max_size=2).map(tuple),
    authenticated=st.booleans(),
)
accesses = st.builds(Access, st.booleans(), key_sets, key_sets, st.just(1), st.booleans())


@given(rules, accesses, key_sets, key_sets)
def test_more_features_and_scopes_never_take_access_away(
    rule: Rule, access: Access, features: frozenset[str], scopes: frozenset[str]
) -> None:
    more = Access(True, access.features | features, access.scopes | scopes, available=True)
    if decide(rule, access) is None:
        assert decide(rule, more) is None


@given(needs, key_sets)
def test_each_alternative_a_denial_names_lifts_it(need: Need, held: frozenset[str]) -> None:
    rule = Rule("Article.body", Mode.LOCK, (need,))
    denied = decide(rule, Access(True, held))
    for every in denied.any_of if denied else ():
        assert decide(rule, Access(True, held | set(every))) is None


@given(rules, accesses)
def test_nobody_is_told_to_buy_while_entitlements_cannot_be_read(rule: Rule, access: Access) -> None:
    unreadable = Access(access.authenticated, frozenset(), access.scopes, available=False)
    denied = decide(rule, unreadable)
    assert denied is None or denied.code is not DenialCode.ENTITLEMENT_REQUIRED
    assert denied is not None or not rule.needs


@given(needs, key_sets)
def test_a_need_is_satisfied_by_any_one_of_its_sets(need: Need, held: frozenset[str]) -> None:
    assert satisfied(need, held) == any(every.issubset(held) for every in need)
    assert satisfied(need, held) == (() in missing(need, held))


def test_log_in_comes_before_scopes_and_scopes_before_buying() -> None:
    rule = Rule("f", Mode.ERROR, ((frozenset({"pro"}),),), ((frozenset({"read"}),),), authenticated=True)
    codes = [
        decide(rule, Access()),
        decide(rule, Access(True)),
        decide(rule, Access(True, scopes=frozenset({"read"}))),
        decide(rule, Access(True, frozenset({"pro"}), frozenset({"read"}))),
    ]
    assert [denied and denied.code for denied in codes] == [
        DenialCode.UNAUTHENTICATED,
        DenialCode.SCOPE_REQUIRED,
        DenialCode.ENTITLEMENT_REQUIRED,
        None,
    ]


def test_the_cheapest_way_out_comes_first() -> None:
    need = (frozenset({"a", "b"}), frozenset({"c"}))
    denied = decide(Rule("f", Mode.ERROR, (need,)), Access(True))
    assert denied is not None
    assert (denied.any_of, denied.feature) == ((("c",), ("a", "b")), "c")
