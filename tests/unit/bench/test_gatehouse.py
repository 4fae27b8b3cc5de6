"""A variant of Gatehouse differs from what ships in what it is named after, and in nothing else."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bench.gatehouse import rules_with_errors, rules_without_gates, under_prefixes
from execution.rules import build_rules
from gating.model import Mode
from schema.build import build_schemas

SCHEMA = build_schemas().spa
SHIPPED = build_rules(SCHEMA)


def test_without_gates_whatever_can_be_read_is_open_and_the_rest_keeps_its_gates() -> None:
    rules = rules_without_gates(SCHEMA)
    kept = {"Mutation", "Subscription"}
    assert rules.fields == {name: of_type for name, of_type in SHIPPED.fields.items() if name in kept}
    assert SHIPPED.fields.keys() >= {"Article", "Mutation"}
    assert (rules.arguments, rules.inputs, rules.enum_values) == ({}, {}, {})


def test_with_errors_the_same_is_asked_for_and_nothing_is_locked() -> None:
    rules = rules_with_errors(SCHEMA)
    shipped, loud = SHIPPED.fields["Article"]["body"], rules.fields["Article"]["body"]
    assert (shipped.mode, loud.mode) == (Mode.LOCK, Mode.ERROR)
    assert loud.needs == shipped.needs
    assert all(rule.mode is not Mode.LOCK for of_type in rules.fields.values() for rule in of_type.values())


def test_applications_side_by_side_are_each_started_and_asked_without_their_prefix() -> None:
    started: list[str] = []

    def application(name: str) -> Starlette:
        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
            started.append(name)
            yield

        async def answer(request: Request) -> PlainTextResponse:
            return PlainTextResponse(f"{name} {request.url.path}")

        return Starlette(routes=[Route("/a/b", answer)], lifespan=lifespan)

    with TestClient(under_prefixes({"on": application("on"), "off": application("off")})) as client:
        assert [client.get(f"/{name}/a/b").text for name in ("on", "off")] == ["on /a/b", "off /a/b"]
    assert started == ["on", "off"]
