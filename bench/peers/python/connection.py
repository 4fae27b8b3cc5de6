"""What the benchmark tells a Python peer, and its pool."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from starlette.applications import Starlette

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


def switched_on(name: str) -> bool:
    return os.environ.get(name) == "on"


@asynccontextmanager
async def pooled(app: Starlette) -> AsyncGenerator[None]:
    """A lifespan: `app.state.pool` as asyncpg makes it by default, of the same size as everybody's."""
    async with asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=2, max_size=10) as pool:
        app.state.pool = pool
        yield
