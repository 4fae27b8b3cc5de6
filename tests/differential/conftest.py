"""The served schema over generated rows and what can be found in it, once for a session; how all operations ran."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
import structlog

from execution.documents import Documents
from execution.execute import interpret
from execution.model import Answer, Operation
from gating.model import Access
from identity.model import Kind, Principal
from tests.differential.harvest import ROOMY, harvest
from tests.differential.rows import ENTERPRISE_MEMBER
from tests.differential.values import Values
from tests.differential.world import EVERY_SCOPE, FULL, World, build_world
from tests.parts import SessionParts

LEAST = 8
"""Of leaves, lists with cursors, and ids: a world in which less is found would prove little."""
RUNS = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of faults are provoked here; telling each would take longer than all else."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def world(request: pytest.FixtureRequest, parts: SessionParts) -> AsyncIterator[World]:
    """Rows that the schema can tell."""
    async with parts.database() as urls, build_world(urls, await parts.empty_redis()) as built:
        yield built
        request.config.stash.setdefault(RUNS, Counter()).update(built.runs)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broken_world(request: pytest.FixtureRequest, parts: SessionParts) -> AsyncIterator[World]:
    """Rows of which some cannot be told: nulls and numbers that the schema does not allow."""
    async with parts.database() as urls, build_world(urls, parts.redis_url, seed=2, broken=True) as built:
        yield built
        request.config.stash.setdefault(RUNS, Counter()).update(built.runs)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_twin(parts: SessionParts) -> AsyncIterator[World]:
    """With `other_twin` two worlds with the same rows, for what changes them."""
    async with parts.database() as urls, build_world(urls, parts.redis_url) as built:
        yield built


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def other_twin(parts: SessionParts) -> AsyncIterator[World]:
    async with parts.database() as urls, build_world(urls, parts.redis_url) as built:
        yield built


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def values(world: World) -> Values:
    found = Values()
    contract = world.contracts[FULL]
    roomy = replace(contract, documents=Documents(contract.schema, contract.rules, ROOMY))
    principal = Principal(Kind.MEMBER, ENTERPRISE_MEMBER, EVERY_SCOPE)
    everything = Access(True, frozenset(world.services.catalogue.features), EVERY_SCOPE, 1)

    async def ask(query: str) -> Answer:
        return await interpret(roomy, Operation(query), world.context(principal, contract, everything))

    await harvest(contract.schema, ask, found)
    assert min(len(found.leaves), len(found.cursors), len(found.ids)) >= LEAST, found
    return found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """How many operations were compiled, and why the others were not."""
    runs = config.stash.get(RUNS, Counter[str]())
    if runs:
        terminalreporter.section("differential: how operations ran")
        for reason, times in runs.most_common():
            terminalreporter.line(f"{times:7}  {reason or 'compiled'}")
