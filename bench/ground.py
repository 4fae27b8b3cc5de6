"""What all servers of a run stand on: one PostgreSQL, one Valkey, one signing key; made for the run, gone with it."""

import asyncio
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.data import seed
from billing.catalogue import load_catalogue
from clock import SystemClock
from identity.keys import Keys, generate_pem, load_keys
from identity.model import Kind, Principal
from identity.tokens import mint
from storage.embedded import parts
from storage.embedded.postgres import APP, SUPERUSER
from storage.migrate import migrate

ISSUER = "gatehouse"
WEBHOOK_SECRET = "whsec_bench"
TOKEN_LIFE = timedelta(minutes=5)
CONNECTIONS = 300
CATALOGUE = Path("catalogue.yaml")


@dataclass(frozen=True, slots=True)
class Ground:
    """`folder` may be written to and is removed at the end; `variables` is what servers find in their environment.

    `postgres` is the process id of the server, `superuser_url` a login that no policy holds.
    """

    folder: Path
    postgres: int
    superuser_url: str
    keys: Keys
    variables: dict[str, str]

    def token(self, member_id: str) -> str:
        """Fresh: a token lives for less than a run, so take one for each sample."""
        now = SystemClock().now()
        return mint(Principal(Kind.MEMBER, member_id), self.keys.signing, TOKEN_LIFE, issuer=ISSUER, now=now)


@contextmanager
def open_ground(progress: Callable[[str], None]) -> Generator[Ground]:
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name)
        running = _start(folder / "data", progress)
        try:
            places = running.addresses
            progress("seeding")
            asyncio.run(_fill(places.owner_url))
            keys = _write_keys(folder)
            superuser_url = places.postgres.url(SUPERUSER)
            yield Ground(folder, running.postgres.pid, superuser_url, keys, _variables(folder, places))
        finally:
            running.stop()


def ask(url: str, statement: str) -> Any:
    """Runs one statement on a connection of its own; the first value of its first row, if any."""
    return asyncio.run(_ask(url, statement))


async def _ask(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def _start(folder: Path, progress: Callable[[str], None]) -> parts.Parts:
    """Both servers, with room for every worker's pool. Started twice: PostgreSQL reads that number at its start."""
    running = parts.start(folder, progress=progress)
    try:
        url = running.addresses.postgres.url(SUPERUSER)
        ask(url, f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
    finally:
        running.stop()
    return parts.start(folder, progress=progress)


async def _fill(owner_url: str) -> None:
    await migrate(owner_url, APP)
    await seed(owner_url, load_catalogue(CATALOGUE))


def _write_keys(folder: Path) -> Keys:
    private = folder / "signing_key.pem"
    private.write_bytes(generate_pem())
    keys = load_keys(private)
    public = keys.verifying[0].public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public_key.pem").write_bytes(public)
    return keys


def _variables(folder: Path, places: parts.Addresses) -> dict[str, str]:
    return {
        "GATEHOUSE_ENVIRONMENT": "production",
        "GATEHOUSE_DATABASE_URL": places.app_url,
        "GATEHOUSE_REDIS_URL": places.redis_url,
        "GATEHOUSE_SIGNING_KEY_FILE": str(folder / "signing_key.pem"),
        "GATEHOUSE_CATALOG": str(CATALOGUE.resolve()),
        "GATEHOUSE_DATA_DIR": str(folder / "gatehouse"),
        "GATEHOUSE_STRIPE_API_KEY": "sk_test_bench",
        "GATEHOUSE_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "GATEHOUSE_LOG_LEVEL": "warning",
        "BENCH_DATABASE_URL": places.app_url,
        "BENCH_PUBLIC_KEY_FILE": str(folder / "public_key.pem"),
        "BENCH_TOKEN_ISSUER": ISSUER,
        "BENCH_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "NODE_ENV": "production",
    }
