"""Faults: ours keep their code and message, everything else is masked, logged once, and without the variables."""

from typing import Any

import strawberry
from structlog.testing import capture_logs

from errors import Unavailable
from execution.execute import execute
from execution.model import Answer
from tests.unit.execution.toy import CANARY, Trail, ask, contract_of, graphql_schema, holding

CONTRACT = contract_of()


@strawberry.type
class Item:
    @strawberry.field
    def broken(self) -> str | None:
        raise FAULT

    @strawberry.field
    def absent(self) -> str:
        raise Unavailable("The database does not answer.")

    @strawberry.field
    def null(self) -> str:
        return None  # pyright: ignore[reportReturnType] - the fault under test


@strawberry.type
class Query:
    @strawberry.field
    def items(self, first: int = 3) -> list[Item] | None:
        return [Item() for _ in range(first)]


FAULT = RuntimeError(CANARY)
BROKEN = contract_of(graphql_schema(strawberry.Schema(Query)))


async def run(query: str, **variables: Any) -> tuple[Answer, list[Any]]:
    with capture_logs() as logs:
        answer = await execute(BROKEN, ask(query, **variables), Trail(holding()))
    return answer, list(logs)


async def test_an_unexpected_fault_is_masked_and_logged_once_for_all_its_positions() -> None:
    answer, logs = await run("query Named($n: Int!) { items(first: $n) { broken } }", n=3)
    assert answer.data == {"items": [{"broken": None}] * 3}
    assert [error["message"] for error in answer.errors] == ["Internal error."] * 3
    assert [error["path"] for error in answer.errors] == [["items", index, "broken"] for index in range(3)]
    assert {error["extensions"]["code"] for error in answer.errors} == {"INTERNAL"}
    assert CANARY not in str(answer)
    assert logs == [
        {
            "event": "operation_failed",
            "log_level": "error",
            "operation": "Named",
            "path": ["items", 0, "broken"],
            "exc_info": FAULT,
        }
    ]


async def test_a_part_that_does_not_answer_says_so_and_nulls_what_must_go() -> None:
    answer, logs = await run("{ items { absent } }")
    assert answer.data == {"items": None}
    assert answer.errors[0]["message"] == "The database does not answer."
    assert answer.errors[0]["extensions"] == {"code": "UNAVAILABLE"}
    assert [log["event"] for log in logs] == ["part_unavailable"]


async def test_a_null_that_may_not_be_is_masked() -> None:
    answer, logs = await run("{ items { null } }")
    assert answer.data == {"items": None}
    assert answer.errors[0]["message"] == "Internal error."
    assert len(logs) == 1


async def test_our_own_fault_keeps_its_words_and_is_not_logged() -> None:
    with capture_logs() as logs:
        answer = await execute(CONTRACT, ask("{ refused me { id } }"), Trail())
    assert answer.data == {"refused": None, "me": {"id": "1"}}
    assert answer.errors[0]["message"] == "`first` must be at most 100: ask for fewer."
    assert answer.errors[0]["extensions"] == {"code": "BAD_INPUT"}
    assert logs == []


async def test_a_null_variable_where_none_may_be_is_the_callers_fault() -> None:
    answer, logs = await run("query ($n: Int = 2) { items(first: $n) { broken } }", n=None)
    assert answer.data == {"items": None}
    assert answer.errors[0]["extensions"] == {"code": "BAD_INPUT"}
    assert logs == []


async def test_a_type_that_a_contract_hides_is_not_named() -> None:
    """Resolvers drop what a contract hides. Did one forget, graphql-core's own message would name the type."""
    hidden = contract_of(graphql_schema(strawberry.Schema(Forgetful)))
    with capture_logs():
        answer = await execute(hidden, ask("{ shape { sides } }"), Trail())
    assert answer.data == {"shape": None}
    assert "Circle" not in str(answer)


@strawberry.interface
class Shape:
    sides: int


@strawberry.type
class Circle(Shape):
    pass


@strawberry.type
class Square(Shape):
    pass


@strawberry.type
class Forgetful:
    square: Square | None = None

    @strawberry.field
    def shape(self) -> Shape | None:
        return Circle(sides=0)
