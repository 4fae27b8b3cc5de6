"""The promise of read-only access is checked before anything is served."""

from dataclasses import replace
from pathlib import Path

import pytest

from billing.catalogue import load_catalogue
from billing.dunning import DunningPolicy
from billing.model import Catalogue, StateAccess
from billing.read_only import require_read_only
from errors import NotConfigured
from execution.rules import build_rules
from gating.model import Mode, Need, Rule
from schema.build import build_schemas

CATALOGUE = load_catalogue(Path("catalogue.yaml"))
NEVER = replace(CATALOGUE, access=replace(CATALOGUE.access, dunning=DunningPolicy()))


def rule(*alternatives: str) -> Rule:
    need: Need = tuple(frozenset(each.split()) for each in alternatives)
    return Rule("Mutation.act", Mode.REJECT, needs=(need,))


def test_every_mutation_of_the_demo_stops_where_access_is_read_only() -> None:
    mutations = build_rules(build_schemas().full).fields["Mutation"]
    assert any(rule.needs for rule in mutations.values())
    require_read_only(CATALOGUE, mutations)
    with pytest.raises(NotConfigured, match=r"Mutation.requestDownload goes on: name one of downloads"):
        require_read_only(with_ends(), mutations)


def with_ends(*features: str) -> Catalogue:
    return replace(CATALOGUE, access=replace(CATALOGUE.access, read_only_ends=frozenset(features)))


def test_it_stops_only_if_every_way_to_it_does() -> None:
    for alternatives in (("archive",), ("archive", "downloads"), ("archive analytics", "downloads")):
        with pytest.raises(NotConfigured, match=r"Mutation.act goes on"):
            require_read_only(CATALOGUE, {"act": rule(*alternatives)})
    for alternatives in (("downloads",), ("downloads archive",), ("downloads archive", "analytics downloads")):
        require_read_only(CATALOGUE, {"act": rule(*alternatives)})
    require_read_only(CATALOGUE, {"act": Rule("Mutation.act", Mode.REJECT, authenticated=True)})


def test_where_access_is_never_read_only_nothing_is_promised() -> None:
    require_read_only(NEVER, {"act": rule("archive")})
    restricted = replace(NEVER.access, states={**NEVER.access.states, "unpaid": StateAccess.RESTRICTED})
    with pytest.raises(NotConfigured, match=r"Mutation.act goes on"):
        require_read_only(replace(NEVER, access=restricted), {"act": rule("archive")})
