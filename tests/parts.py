"""The embedded parts of one test session, and databases made from a migrated template."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio

from storage.embedded import parts, postgres
from storage.migrate import migrate

PATIENT_SECONDS = 5.0
"""For an answer of Redis, where not its speed is judged: whoever waits for it may stand still on a busy machine."""
_TEMPLATE = "gatehouse"
_MEMORY = Path("/dev/shm")
_PLENTY = 4 * 1024**3
"""Bytes. A session takes some hundred megabytes, and four may run at once."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database through its two logins."""

    owner: str
    app: str


@dataclass(frozen=True, slots=True)
class SessionParts:
    """Running servers; the database `gatehouse` is migrated and serves as the template of the others."""

    running: parts.Parts

    @property
    def owner_url(self) -> str:
        return self.running.addresses.owner_url

    @property
    def app_url(self) -> str:
        return self.running.addresses.app_url

    @property
    def redis_url(self) -> str:
        return self.running.addresses.redis_url

    async def empty_redis(self) -> str:
        """Its address, once it holds nothing: what others cached would speak of another database's members."""
        client: Any = redis.asyncio.from_url(self.redis_url)
        await client.flushall()
        await client.aclose()
        return self.redis_url

    @asynccontextmanager
    async def database(self) -> AsyncGenerator[DatabaseUrls]:
        """A fresh migrated database, dropped at the end whoever is still connected."""
        name = f"test_{next(_numbers)}"
        places = self.running.addresses.postgres
        admin = await asyncpg.connect(places.url(postgres.SUPERUSER, "postgres"))
        try:
            how = f"TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY"
            await admin.execute(f"CREATE DATABASE {name} {how} OWNER {postgres.OWNER}")
            yield DatabaseUrls(places.url(postgres.OWNER, name), places.url(postgres.APP, name))
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        finally:
            await admin.close()


@contextmanager
def folder_for_parts(*, on_disk: bool = False) -> Generator[Path]:
    """In memory where there is plenty: a database is hundreds of files, and some disks take half a second for them.

    Not pytest's own folder: socket paths must be short, and nothing should be kept.
    """
    roomy = not on_disk and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _PLENTY
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-", dir=_MEMORY if roomy else None) as folder:
        yield Path(folder)


def start_test_parts(folder: Path) -> SessionParts:
    """Not durable, for speed."""
    running = parts.start(folder, durable=False)
    try:
        asyncio.run(migrate(running.addresses.owner_url, postgres.APP))
    except BaseException:
        running.stop()
        raise
    return SessionParts(running)
