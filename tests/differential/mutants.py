"""Wrong compilers: each does one thing that a plan might get wrong. The comparison has to notice every one of them."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

from execution.contract import Contract
from execution.execute import execute
from execution.gate import Gate
from execution.model import Answer, Operation, OperationContext
from gating.model import Access
from tests.differential.check import Run
from tests.differential.leeway import interpret_all
from tests.leak.mutants import forgetting


def telling(edit: Callable[[Answer], Answer]) -> Run:
    """The right answer, told wrongly."""

    async def run(contract: Contract, operation: Operation, context: OperationContext) -> Answer:
        return edit(await execute(contract, operation, context))

    return run


def asking(edit: Callable[[Operation], Operation]) -> Run:
    """The right answer to something else."""

    def run(contract: Contract, operation: Operation, context: OperationContext) -> Awaitable[Answer]:
        return execute(contract, edit(operation), context)

    return run


def changed(value: Any, edit: Callable[[Any], Any]) -> Any:
    """`value` with `edit` done to everything in it, from the inside out."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return edit({name: changed(each, edit) for name, each in items})
    if isinstance(value, list):
        return edit([changed(each, edit) for each in cast("list[Any]", value)])
    return edit(value)


def in_data(edit: Callable[[Any], Any]) -> Run:
    return telling(lambda answer: answer._replace(data=changed(answer.data, edit)))


def in_errors(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Run:
    return telling(lambda answer: answer._replace(errors=[edit({**error}) for error in answer.errors]))


def _first_object_backwards(value: Any) -> Any:
    return dict(reversed(cast("dict[str, Any]", value).items())) if isinstance(value, dict) else value


def _without_nulls(value: Any) -> Any:
    return [each for each in cast("list[Any]", value) if each is not None] if isinstance(value, list) else value


def _without_alias(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {"name" if key == "z9" else key: each for key, each in cast("dict[str, Any]", value).items()}


def _next_index(error: dict[str, Any]) -> dict[str, Any]:
    path = [step + 1 if isinstance(step, int) else step for step in error.get("path") or ()]
    return {**error, "path": path} if "path" in error else error


def _at_the_top(error: dict[str, Any]) -> dict[str, Any]:
    return {**error, "path": error["path"][:1]} if "path" in error else error


def _without_location(error: dict[str, Any]) -> dict[str, Any]:
    error.pop("locations", None)
    return error


def _once(answer: Answer) -> Answer:
    return answer._replace(errors=list({error["message"]: error for error in reversed(answer.errors)}.values()))


def _without_details(answer: Answer) -> Answer:
    return answer._replace(extensions={})


def first_variables() -> Run:
    """A plan that remembers the first variables it was run with."""
    known: dict[str, Any] = {}
    return asking(lambda asked: asked._replace(variables=known.setdefault(asked.query, asked.variables)))


def first_callers_plan() -> Run:
    """A plan that is remembered by the document alone."""
    known: dict[tuple[int, str], Gate] = {}

    def run(contract: Contract, operation: Operation, context: OperationContext) -> Awaitable[Answer]:
        def gate_for(access: Access) -> Gate:
            return known.setdefault((id(contract), operation.query), contract.gate_for(access))

        return execute(replace(contract, gate_for=gate_for), operation, context)

    return run


def ungated(coordinate: str) -> Run:
    def run(contract: Contract, operation: Operation, context: OperationContext) -> Awaitable[Answer]:
        return execute(replace(contract, gate_for=forgetting(contract.gate_for, {coordinate})), operation, context)

    return run


def _query(pattern: str, instead: str) -> Callable[[Operation], Operation]:
    return lambda asked: asked._replace(query=re.sub(pattern, instead, asked.query))


MUTANTS: dict[str, Callable[[], Run]] = {
    "drops @include": lambda: asking(_query(r"@include\(if: false\)", "")),
    "drops @skip": lambda: asking(_query(r"@skip\(if: true\)", "")),
    "takes a default for what is given": lambda: asking(lambda asked: asked._replace(variables={})),
    "forgets an alias": lambda: in_data(_without_alias),
    "swaps the order of fields": lambda: in_data(_first_object_backwards),
    "drops nulls from lists": lambda: in_data(_without_nulls),
    "counts from one in paths": lambda: in_errors(_next_index),
    "blames the root": lambda: in_errors(_at_the_top),
    "loses locations": lambda: in_errors(_without_location),
    "tells a fault once": lambda: telling(_once),
    "tells no details": lambda: telling(_without_details),
    "does not spread nulls": lambda: interpret_all,
    "ungates a field": lambda: ungated("Thing.hidden"),
    "ungates a locked field": lambda: ungated("Thing.locked"),
    "ungates an input field": lambda: ungated("Wanted.gated"),
    "keeps the first caller's plan": first_callers_plan,
    "keeps the first variables": first_variables,
}
