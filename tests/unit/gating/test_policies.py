"""Policies only ever take away, say which, and never send anybody to buy what no purchase gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gating.memory import Entry
from gating.model import Access, DenialCode, Holdings, Mode, Need, Rule, Snapshot, decide, satisfied
from gating.policies import Policy, PolicyKind, Withheld, withheld_by
from tests.unit.gating.strategies import NOW, holdings, keys

countries = st.sampled_from(["DE", "FR", "KP"])
roles = st.sampled_from(["editor", "owner", "viewer"])
some_roles = st.frozensets(roles)


def policies_of(kind: PolicyKind, words: st.SearchStrategy[str]) -> st.SearchStrategy[Policy]:
    sets = st.frozensets(words, max_size=2)
    return st.builds(Policy, keys, st.just(kind), sets, sets)


policies = st.lists(policies_of(PolicyKind.REGION, countries) | policies_of(PolicyKind.ROLE, roles), max_size=4).map(
    tuple
)
places = st.lists(countries, max_size=2).map(tuple)
needs = st.lists(st.frozensets(keys, min_size=1), min_size=1, max_size=3).map(tuple)
rules = st.builds(Rule, st.just("Article.body"), st.just(Mode.LOCK), st.lists(needs, max_size=2).map(tuple))


def access_of(
    held: Holdings, several: tuple[Policy, ...], places: tuple[str, ...], roles: frozenset[str] = frozenset()
) -> Access:
    snapshot = Snapshot("ann", 1, countries=places).over(held)
    return Entry(snapshot, snapshot.features_at(NOW), None, 0.0, several).access_with(frozenset(), roles)


@given(holdings, policies, policies, places, some_roles)
def test_more_policies_never_give(
    held: Holdings, some: tuple[Policy, ...], more: tuple[Policy, ...], where: tuple[str, ...], by: frozenset[str]
) -> None:
    none, few, many = (access_of(held, each, where, by) for each in ((), some, (*some, *more)))
    assert many.features <= few.features <= none.features
    assert few.features == none.features - {each.feature for each in few.withheld}


@given(holdings, policies, places, some_roles, rules)
def test_a_denial_by_policy_is_of_what_is_withheld_and_every_other_can_be_lifted(
    held: Holdings, some: tuple[Policy, ...], where: tuple[str, ...], by: frozenset[str], rule: Rule
) -> None:
    access = access_of(held, some, where, by)
    denied = decide(rule, access)
    barred = {each.feature for each in access.withheld}
    if denied is None:
        assert all(satisfied(need, access.features) for need in rule.needs)
    elif denied.policy is not None:
        assert denied.policy in access.withheld
        assert denied.code in (DenialCode.REGION_RESTRICTED, DenialCode.ROLE_REQUIRED)
        assert any(all(every & barred for every in need) for need in rule.needs)
    else:
        assert denied.code is DenialCode.ENTITLEMENT_REQUIRED
        bought = Access(
            True, frozenset({"archive", "analytics", "downloads", "live"}) - barred, withheld=access.withheld
        )
        assert decide(rule, bought) is None, "whoever buys all that can be bought gets in"
        assert not {feature for every in denied.any_of for feature in every} & barred


@given(st.lists(policies_of(PolicyKind.REGION, countries), max_size=3), places, countries)
def test_wherever_else_a_member_is_too_nothing_comes_back(
    some: list[Policy], where: tuple[str, ...], also: str
) -> None:
    known = set(withheld_by(some, where, frozenset())) if where else set[Withheld]()
    assert known <= set(withheld_by(some, (*where, also), frozenset()))


DENY = Policy("archive", PolicyKind.REGION, frozenset({"KP"}))
ONLY = Policy("archive", PolicyKind.REGION, only=frozenset({"DE"}))
EDITORS = Policy("archive", PolicyKind.ROLE, only=frozenset({"editor", "owner"}))
NO_VIEWERS = Policy("archive", PolicyKind.ROLE, frozenset({"viewer"}))


@pytest.mark.parametrize(
    ("policy", "where", "by", "taken"),
    [
        (DENY, (), (), False),
        (DENY, ("DE",), (), False),
        (DENY, ("DE", "KP"), (), True),
        (ONLY, ("DE",), (), False),
        (ONLY, ("DE", "FR"), (), True),
        (ONLY, (), (), True),
        (EDITORS, (), ("editor", "viewer"), False),
        (EDITORS, (), ("viewer",), True),
        (EDITORS, (), (), True),
        (NO_VIEWERS, (), (), False),
        (NO_VIEWERS, (), ("viewer", "owner"), True),
    ],
)
def test_whom_a_policy_takes_from(policy: Policy, where: tuple[str, ...], by: tuple[str, ...], taken: bool) -> None:
    assert bool(withheld_by([policy], where, frozenset(by))) is taken


def test_a_denial_by_policy_names_it_before_anything_to_buy() -> None:
    need: Need = (frozenset({"archive"}),)
    rule = Rule("Query.old", Mode.ERROR, ((frozenset({"live"}),), need))
    denied = decide(rule, Access(True, withheld=withheld_by([EDITORS], (), frozenset())))
    assert denied is not None
    assert (denied.code, denied.feature) == (DenialCode.ROLE_REQUIRED, "archive")
    assert denied.policy == Withheld("archive", PolicyKind.ROLE, ("editor", "owner"))
    either = Rule("Query.old", Mode.ERROR, ((frozenset({"archive"}), frozenset({"live"})),))
    other = decide(either, Access(True, withheld=withheld_by([EDITORS], (), frozenset())))
    assert other is not None
    assert (other.code, other.any_of, other.barred) == (DenialCode.ENTITLEMENT_REQUIRED, (("live",),), {"archive"})
