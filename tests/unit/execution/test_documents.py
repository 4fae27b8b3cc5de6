"""Documents: remembered when fit, bounded, limited, and silent about what a contract does not have."""

import pytest
from graphql import get_introspection_query, version_info

from execution.documents import REMEMBERED_CHARACTERS, Document, Unfit
from execution.execute import execute
from execution.limits import DEFAULT_LIMITS
from gating.model import NOBODY
from tests.unit.execution.toy import Trail, ask, contract_of, graphql_schema

CONTRACT = contract_of()


def codes(query: str) -> tuple[str, str]:
    unfit = CONTRACT.documents.find(query)
    assert isinstance(unfit, Unfit)
    return unfit.code, unfit.errors[0].message


def test_a_document_is_read_once() -> None:
    documents = contract_of().documents
    first = documents.find("{ me { id } }")
    assert isinstance(first, Document)
    assert documents.find("{ me { id } }") is first


def test_the_least_recently_used_are_forgotten_first() -> None:
    documents = contract_of().documents
    kept, dropped = documents.find("{ me { id } }"), documents.find("{ me { name } }")
    padding = "#" * 19_000
    for number in range(REMEMBERED_CHARACTERS // 19_000 + 1):
        documents.find(f"{{ me {{ id }} }} {padding}{number}")
        assert documents.find("{ me { id } }") is kept
    assert documents.find("{ me { name } }") is not dropped


def test_an_unfit_document_is_not_remembered() -> None:
    documents = contract_of().documents
    assert documents.find("{ nope }") is not documents.find("{ nope }")


LIMITS = DEFAULT_LIMITS
DEEP = "{ me " + "{ friends " * 20 + "{ id }" + "}" * 20 + "}"
BOMB = (
    "{ me { ...A } } "
    + " ".join(
        f"fragment {name} on Member {{ a: friends {{ ...{following} }} b: friends {{ ...{following} }} }}"
        for name, following in zip("ABCDEFGHI", "BCDEFGHIJ", strict=True)
    )
    + " fragment J on Member { id }"
)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (DEEP, "depth 22; the limit is 16"),
        ("{ " + " ".join(f"a{n}: me {{ id }}" for n in range(40)) + " }", "aliases 40; the limit is 30"),
        ("{ " + "me { id } " * 30 + "}", "root fields 30; the limit is 20"),
        ("{ me { id @skip(if: false) " + "name @include(if: true) " * 60 + "} }", "directives 61; the limit is 50"),
        (BOMB, "aliases 1022; the limit is 30"),
    ],
)
def test_limits_hold_over_expanded_fragments(query: str, said: str) -> None:
    code, message = codes(query)
    assert code == "GRAPHQL_VALIDATION_FAILED"
    assert said in message


def test_length_and_tokens_are_limited_before_anything_else() -> None:
    assert codes("{ me { id } } #" + "x" * LIMITS.characters)[0] == "GRAPHQL_PARSE_FAILED"
    assert "tokens" in codes("{ me { " + "id " * LIMITS.tokens + "} }")[1]


def test_a_fragment_cycle_is_an_error_and_no_endless_loop() -> None:
    assert codes("{ me { ...A } } fragment A on Member { ...B } fragment B on Member { ...A }")[0] == (
        "GRAPHQL_VALIDATION_FAILED"
    )


@pytest.mark.parametrize("query", ["", "{", "{ me { } }", "{ me { id } ", "query"])
def test_what_cannot_be_parsed_says_so(query: str) -> None:
    assert codes(query)[0] == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize(
    "query",
    [
        "{ me { churnRis } }",
        "{ members(orderBy: CHURN_RIS) { id } }",
        "{ members(riskAbov: 1) { id } }",
        "{ members(where: {ris: {}}) { id } }",
        "{ me { ... on Membe { id } } }",
    ],
)
def test_nothing_is_suggested(query: str) -> None:
    assert "mean" not in codes(query)[1]


@pytest.mark.parametrize("directive", ["@defer", "@stream(initialCount: 0)"])
def test_incremental_delivery_is_off(directive: str) -> None:
    spread = "{ me { ... @defer { id } } }" if directive == "@defer" else f"{{ members {directive} {{ id }} }}"
    assert "Unknown directive" in codes(spread)[1]


async def test_the_introspection_query_of_graphiql_is_within_the_limits() -> None:
    query = get_introspection_query(input_value_deprecation=True)
    answer = await execute(CONTRACT, ask(query), Trail(NOBODY))
    assert not answer.errors
    assert answer.data is not None
    assert {one["name"] for one in answer.data["__schema"]["types"]} >= {"Article", "Report", "MemberSort"}


def test_only_documents_that_could_use_gated_input_are_walked_for_it() -> None:
    for query, guarded in [
        ("{ me { churnRisk } }", False),
        ("{ members(first: 1) { id } }", False),
        ("query ($w: MemberFilter) { members(where: $w) { id } }", True),
        ("query ($o: MemberSort!) { members(orderBy: $o) { id } }", True),
        ("{ members(orderBy: NAME) { id } }", False),
        ("{ ...F } fragment F on Query { members(riskAbove: 1) { id } }", True),
    ]:
        document = CONTRACT.documents.find(query)
        assert isinstance(document, Document)
        assert document.guarded is guarded, query


def test_the_pinned_graphql_core_is_the_one_whose_private_methods_we_know() -> None:
    assert version_info[:3] == (3, 3, 2)
    assert graphql_schema().get_directive("defer") is None
