"""What a resolver is told to fetch: the open fields after fragments, `@skip`, `@include` and gates."""

from typing import Any

import pytest

from execution.execute import execute
from gating.model import Access
from tests.unit.execution.toy import Trail, ask, contract_of, holding

CONTRACT = contract_of()
PRO = holding("analytics")


async def selected(query: str, access: Access = PRO, **variables: Any) -> dict[str, set[str]]:
    trail = Trail(access)
    answer = await execute(CONTRACT, ask(query, **variables), trail)
    assert not answer.request_error
    (selection,) = trail.selections
    return {name: set(names) for name, names in selection.items()}


@pytest.mark.parametrize(
    ("query", "access", "names"),
    [
        ("{ members { id name } }", PRO, {"id", "name"}),
        ("{ members { id churnRisk } }", PRO, {"id", "churn_risk"}),
        ("{ members { id churnRisk } }", holding(), {"id"}),
        ("{ members { id name: churnRisk } }", holding(), {"id"}),
        ("{ members { a: churnRisk b: churnRisk } }", PRO, {"churn_risk"}),
        (
            "{ members { ...F } } fragment F on Member { ... { ... on Node { id } openUsage { day } } }",
            PRO,
            {"id", "open_usage"},
        ),
        ("{ members { id name @skip(if: true) churnRisk @include(if: false) } }", PRO, {"id"}),
        ("{ members { __typename id } }", PRO, {"id"}),
    ],
)
async def test_the_open_fields_of_a_list(query: str, access: Access, names: set[str]) -> None:
    assert await selected(query, access) == {"Member": names}


async def test_variables_decide_as_they_do_in_execution() -> None:
    query = "query ($v: Boolean!) { members { id name @include(if: $v) churnRisk @skip(if: $v) } }"
    assert await selected(query, v=True) == {"Member": {"id", "name"}}
    assert await selected(query, v=False) == {"Member": {"id", "churn_risk"}}


async def test_nothing_but_type_names_selects_nothing() -> None:
    assert await selected("{ members { __typename } }") == {}


async def test_a_path_leads_through_a_connection() -> None:
    query = "{ memberConnection { e: edges { n: node { id churnRisk } } edges { cursor node { name } } } }"
    assert await selected(query) == {"Member": {"id", "churn_risk", "name"}}
    assert await selected(query, holding()) == {"Member": {"id", "name"}}
    assert await selected("{ memberConnection { edges { cursor } } }") == {}


async def test_runtime_types_are_told_apart() -> None:
    query = "{ contents { title body ... on Video { streamUrl } } }"
    assert await selected(query, holding("premium")) == {
        "Article": {"title", "body"},
        "Video": {"title", "body", "stream_url"},
    }
    assert await selected(query, holding()) == {"Article": {"title"}, "Video": {"title", "body"}}
