"""Audience contracts: what is hidden does not exist, what is left works, prints and keeps its order."""

from enum import Enum
from typing import Annotated, Any

import pytest
import strawberry
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.printer import print_schema
from structlog.testing import capture_logs

from errors import NotConfigured
from execution.execute import execute
from execution.model import Answer
from gating.directives import Audience, only_for
from schema.audiences import build_contract
from tests.unit.execution.toy import CANARY, Trail, ask, contract_of, graphql_schema, holding

FULL = graphql_schema()
SPA = build_contract(FULL, Audience.SPA)
OPERATOR = only_for(Audience.OPERATOR)


def sdl_of(schema: GraphQLSchema) -> str:
    return print_schema(vars(schema)["_strawberry_schema"])


async def ask_spa(query: str, **variables: Any) -> Answer:
    with capture_logs():
        return await execute(contract_of(SPA), ask(query, **variables), Trail(holding()))


@pytest.mark.parametrize(
    ("hidden", "invented"),
    [
        ("{ ledgers { id } }", "{ ledgexs { id } }"),
        ("{ me { internalNote } }", "{ me { internalNoxe } }"),
        ("{ me { ... on Ledger { id } } }", "{ me { ... on Ledgex { id } } }"),
        ("query ($l: Ledger) { me { id } }", "query ($l: Ledgex) { me { id } }"),
        ('{ __type(name: "Ledger") { name } }', '{ __type(name: "Ledgex") { name } }'),
    ],
)
async def test_a_hidden_element_answers_like_one_that_never_was(hidden: str, invented: str) -> None:
    one, other = await ask_spa(hidden), await ask_spa(invented)
    again = str(other.payload()).replace("ledgexs", "ledgers").replace("internalNoxe", "internalNote")
    assert str(one.payload()) == again.replace("Ledgex", "Ledger")


async def test_a_hidden_type_is_not_reached_by_node() -> None:
    answer = await ask_spa('{ node(id: "ledger:1") { id __typename } }')
    assert answer.data == {"node": None}
    assert "Ledger" not in str(answer)
    assert CANARY not in str(answer)


def test_introspection_and_sdl_do_not_know_of_audiences() -> None:
    assert not {"Ledger", "Audience"} & set(SPA.type_map)
    assert SPA.get_directive("audiences") is None
    for word in ("audiences", "Audience", "Ledger", "internalNote", "OPERATOR"):
        assert word not in sdl_of(SPA)
    assert "internalNote: String @audiences(only: [OPERATOR])" in sdl_of(FULL)


def test_the_gates_stay_and_the_full_schema_is_left_alone() -> None:
    before = sdl_of(FULL)
    sdl = sdl_of(build_contract(FULL, Audience.INTEGRATOR))
    assert '@requiresEntitlement(anyOf: [["premium"]], mode: LOCK)' in sdl
    assert sdl_of(FULL) == before
    assert set(contract_of(SPA).rules.fields) == set(contract_of(FULL).rules.fields)


def test_the_order_is_that_of_the_full_schema() -> None:
    names = [name for name in FULL.type_map if name in SPA.type_map]
    assert [name for name in SPA.type_map if name in names and not name.startswith("__")] == [
        name for name in names if not name.startswith("__")
    ]
    for name in names:
        fields: dict[str, Any] = getattr(SPA.type_map[name], "fields", {})
        assert list(fields) == [field for field in getattr(FULL.type_map[name], "fields", {}) if field in fields]


def test_two_builds_print_the_same() -> None:
    assert sdl_of(build_contract(FULL, Audience.SPA)) == sdl_of(SPA)


def test_an_operator_sees_what_is_for_operators() -> None:
    operator = build_contract(FULL, Audience.OPERATOR)
    assert isinstance(operator.type_map["Ledger"], GraphQLObjectType)
    assert "audiences" not in sdl_of(operator)


async def test_unions_and_interfaces_resolve_on_a_contract() -> None:
    answer = await ask_spa('{ search { __typename } contents { __typename } node(id: "member:1") { __typename } }')
    assert answer == Answer(
        {
            "search": [{"__typename": name} for name in ("Article", "Video", "Member", "Report")],
            "contents": [{"__typename": "Article"}, {"__typename": "Video"}],
            "node": {"__typename": "Member"},
        }
    )


def schema_of(query: type, *types: type) -> GraphQLSchema:
    return graphql_schema(strawberry.Schema(query, types=list(types)))


@strawberry.enum
class Sort(Enum):
    NAME = "NAME"
    SECRET = strawberry.enum_value("SECRET", directives=[OPERATOR])


@strawberry.input
class Filter:
    name: str | None = None
    secret: str | None = strawberry.field(default=None, directives=[OPERATOR])


@strawberry.type(directives=[OPERATOR])
class Secret:
    value: str | None = None


@strawberry.type
class OnlySecrets:
    secret: Secret | None = None


def test_arguments_input_fields_and_enum_values_are_hidden_and_empty_types_go() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def things(
            self,
            sort: Sort = Sort.NAME,
            where: Filter | None = None,
            audit: Annotated[bool, strawberry.argument(directives=[OPERATOR])] = False,
        ) -> str | None:
            return None

        @strawberry.field
        def empty(self) -> OnlySecrets | None:
            return None

        @strawberry.field
        def kept(self) -> Annotated[Plain | Secret, strawberry.union("Mixed")] | None:
            return None

    sdl = sdl_of(build_contract(schema_of(Query), Audience.SPA))
    for word in ("SECRET", "secret", "audit", "OnlySecrets", "Secret", "empty"):
        assert word not in sdl
    assert "union Mixed = Plain" in sdl
    assert "things(sort: Sort! = NAME, where: Filter = null): String" in sdl


@strawberry.type
class Plain:
    name: str | None = None


def test_hiding_what_is_required_is_refused() -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def things(self, audit: Annotated[bool, strawberry.argument(directives=[OPERATOR])]) -> str | None:
            return None

    with pytest.raises(NotConfigured, match=r"Query\.things\(audit:\) is required but hidden from SPA"):
        build_contract(schema_of(Query), Audience.SPA)


def test_hiding_what_an_interface_promises_is_refused() -> None:
    @strawberry.interface
    class Shape:
        area: int | None = None

    @strawberry.type
    class Circle(Shape):
        area: int | None = strawberry.field(default=None, directives=[OPERATOR])
        other: int = 1

    @strawberry.type
    class Query:
        shape: Shape | None = None

    with pytest.raises(NotConfigured, match=r"Circle\.area is hidden from SPA but Shape\.area is not"):
        build_contract(schema_of(Query, Circle), Audience.SPA)


def test_a_schema_with_nothing_left_is_refused() -> None:
    @strawberry.type
    class Query:
        secret: Secret | None = None

    with pytest.raises(NotConfigured, match="no query left"):
        build_contract(schema_of(Query), Audience.SPA)
