"""Gatehouse as it ships, and beside it what differs from that in one thing only. Factories for uvicorn.

The settings are the real ones from the environment. A variant is the real application with another `Surface` under its
GraphQL routes: whatever is not named here is the code that ships.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from app import build_app
from cli.run import spare_the_collector
from execution.contract import Contract
from execution.documents import Documents
from execution.gate import remember_gates
from execution.limits import DEFAULT_LIMITS
from execution.rules import RuleBook
from gating.model import Mode, Rule
from identity.model import Principal
from resolvers.context import Context
from settings import load_settings
from storage.database import NONE, Database, connect
from storage.rows import Row
from telemetry import configure_logging
from web.graphql import GraphQLEndpoint
from web.surface import Surface

NO_RULES = RuleBook({}, {}, {}, {}, frozenset(), frozenset())


def shipped() -> Starlette:
    settings = load_settings(os.environ)
    configure_logging(settings.log_level)
    app = build_app(settings)
    spare_the_collector()
    return app


def ungated() -> Starlette:
    """The same schema as if it had no directive; bodies are still read through the wall."""
    return _with_surface(shipped(), _without_gates)


def unwalled() -> Starlette:
    """Ungated, and the wall's tables are read like any other by a login that no policy holds."""
    database = connect(os.environ["BENCH_UNWALLED_DATABASE_URL"])
    bare = UnwalledDatabase(database.engine, database.readers, database.dsn, database.liveness)
    return _with_surface(shipped(), lambda surface: _reading_from(bare, _without_gates(surface)))


def denying_by_error() -> Starlette:
    """What is locked as it ships becomes an error for each position, which is what the peers do."""
    return _with_surface(shipped(), lambda surface: _ruled_by(_errors_for_locks(surface.spa.rules), surface))


class UnwalledDatabase(Database):
    async def fetch_walled(
        self, features: Iterable[str], query: str, parameters: Mapping[str, Any] = NONE
    ) -> Sequence[Row]:
        return await self.fetch(query, parameters)


def _with_surface(app: Starlette, change: Callable[[Surface], Surface]) -> Starlette:
    app.router.routes[:] = [_changed(route, change) for route in app.router.routes]
    return app


def _changed(route: BaseRoute, change: Callable[[Surface], Surface]) -> BaseRoute:
    if not isinstance(route, Route) or not isinstance(route.endpoint, GraphQLEndpoint):
        return route
    other = replace(route.endpoint, surface=change(route.endpoint.surface))
    return Route(route.path, other, methods=list(route.methods or ()))


def _without_gates(surface: Surface) -> Surface:
    return _ruled_by(NO_RULES, surface)


def _ruled_by(rules: RuleBook, surface: Surface) -> Surface:
    contract = surface.spa
    documents = Documents(contract.schema, rules, DEFAULT_LIMITS)
    return replace(surface, spa=replace(contract, rules=rules, gate_for=remember_gates(rules), documents=documents))


def _errors_for_locks(rules: RuleBook) -> RuleBook:
    def loud(rule: Rule) -> Rule:
        return replace(rule, mode=Mode.ERROR) if rule.mode is Mode.LOCK else rule

    fields = {name: {field: loud(rule) for field, rule in of_type.items()} for name, of_type in rules.fields.items()}
    return replace(rules, fields=fields)


def _reading_from(database: Database, surface: Surface) -> Surface:
    async def open_context(principal: Principal, contract: Contract) -> Context:
        context = await surface.open_context(principal, contract)
        assert isinstance(context, Context)
        context.services = replace(context.services, database=database)
        return context

    return replace(surface, open_context=open_context)
