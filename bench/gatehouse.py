"""Gatehouse as it ships, and beside it what differs from that in its rules only. Factories for uvicorn.

The settings are the real ones from the environment. A variant is the real application whose schema is read with other
rules: whatever is not named here is the code that ships.
"""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from app import build_app
from cli.run import spare_the_collector
from execution.contract import ReadRules
from execution.rules import RuleBook, build_rules
from gating.model import Mode, Rule
from settings import load_settings
from telemetry import configure_logging

EFFECTFUL = ("Mutation", "Subscription")


def shipped() -> Starlette:
    return _built(build_rules)


def ungated() -> Starlette:
    """The same schema as if no query had a directive; bodies are still read through the wall."""
    return _built(rules_without_gates)


def denying_by_error() -> Starlette:
    """What is locked as it ships becomes an error for each position, which is what the peers do."""
    return _built(rules_with_errors)


def side_by_side() -> ASGIApp:
    """`shipped` under /on and `ungated` under /off, in one process.

    Two processes of the same program differ by a few per cent for as long as they live, by where their memory lies;
    that is more than what is measured here.
    """
    return under_prefixes({"on": shipped(), "off": ungated()})


def side_by_side_turned() -> ASGIApp:
    """The same, built in the other order."""
    off = ungated()
    return under_prefixes({"on": shipped(), "off": off})


def _built(read_rules: ReadRules) -> Starlette:
    settings = load_settings(os.environ)
    configure_logging(settings.log_level)
    app = build_app(settings, read_rules=read_rules)
    spare_the_collector()
    return app


def rules_without_gates(schema: GraphQLSchema) -> RuleBook:
    """None for whatever can be read; mutations keep theirs, for without them a schema is not served at all."""
    rules = build_rules(schema)
    kept = {name: of_type for name, of_type in rules.fields.items() if name in EFFECTFUL}
    return replace(rules, fields=kept, arguments={}, inputs={}, enum_values={})


def rules_with_errors(schema: GraphQLSchema) -> RuleBook:
    """The same needs, and no lock."""

    def loud(rule: Rule) -> Rule:
        return replace(rule, mode=Mode.ERROR) if rule.mode is Mode.LOCK else rule

    rules = build_rules(schema)
    fields = {name: {field: loud(rule) for field, rule in of_type.items()} for name, of_type in rules.fields.items()}
    return replace(rules, fields=fields)


def under_prefixes(apps: Mapping[str, Starlette]) -> ASGIApp:
    """Not Starlette's Mount, which asks them in turn and so serves the first one cheaper."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            for app in apps.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    whole = Starlette(lifespan=lifespan)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await whole(scope, receive, send)
            return
        _, prefix, path = scope["path"].split("/", 2)
        await apps[prefix]({**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}, receive, send)

    return serve
