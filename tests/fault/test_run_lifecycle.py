"""`gatehouse run` as a process: it comes up by itself, and however it ends, nothing runs on and nothing is lost."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis.asyncio

from identity.members import ensure_member, find_member
from storage.database import Database, connect
from storage.embedded import parts
from tests.fault.processes import eventually, lives, without_settings

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One for all: the first test makes the cluster and the demo, the others start on them."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-") as name:
        yield Path(name) / "data"


@pytest.fixture
def start(folder: Path) -> Iterator["Starter"]:
    """Starts `gatehouse run`; whatever a failing test leaves running is killed."""
    started: list[Running] = []

    def start_one() -> Running:
        started.append(Running(folder))
        return started[-1]

    yield start_one
    for running in started:
        if running.process.returncode is None:
            running.end_by(signal.SIGKILL)


def interruptible() -> None:
    """In the child: whoever started the tests as a shell's background job had SIGINT ignored, and so would it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A `gatehouse run` on `folder`, alone in its process group as a terminal would have it."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.folder = folder
        self.errors = folder.with_name("errors.log")
        ours = {"GATEHOUSE_DATA_DIR": str(folder), "GATEHOUSE_PORT": str(self.port)}
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "run"],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=without_settings() | ours,
                start_new_session=True,
                preexec_fn=interruptible,  # noqa: PLW1509 - no other thread forks here
            )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def banner(self) -> str:
        """All that it prints until it serves; the test fails when it ends before."""
        assert self.process.stdout
        lines: list[str] = []
        while "-d '{" not in (line := self.process.stdout.readline()):
            assert line, self.errors.read_text()
            lines.append(line)
        return "".join(lines)

    def end_by(self, number: signal.Signals) -> int:
        """Sends it to the whole process group, as Ctrl-C does; returns the exit status."""
        os.killpg(self.process.pid, number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(timeout=60)
        assert self.process.stdout
        self.process.stdout.close()
        return status

    async def server_pids(self) -> tuple[int, int]:
        places = parts.addresses(self.folder)
        client: Any = redis.asyncio.from_url(places.redis_url)
        valkey = (await client.info("server"))["process_id"]
        await client.aclose()
        return int((places.postgres.data / "postmaster.pid").read_text().split()[0]), int(valkey)


Starter = Callable[[], Running]


@asynccontextmanager
async def database_of(folder: Path) -> AsyncGenerator[Database]:
    database = connect(parts.addresses(folder).app_url)
    try:
        yield database
    finally:
        await database.close()


def test_the_first_start_serves_and_says_where_to_go(start: Starter) -> None:
    running = start()
    banner = running.banner()
    assert f"{running.address}/graphql" in banner
    for label in ("free member", "pro member", "lapsed member", "operator", "integrator"):
        assert re.search(rf"^  {label} \(\S+\)\n  ey[\w.-]+$", banner, re.MULTILINE), label
    assert httpx.get(f"{running.address}/readyz").status_code == 200
    assert running.end_by(signal.SIGINT) == 0
    assert "Traceback" not in running.errors.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_however_it_ends_nothing_runs_on_and_nothing_is_lost(
    start: Starter, folder: Path, number: signal.Signals
) -> None:
    running = start()
    running.banner()
    servers = await running.server_pids()
    member_id = f"mem_{number.name.lower()}"
    async with database_of(folder) as database, database.transaction() as connection:
        await ensure_member(connection, member_id)
    status = running.end_by(number)
    assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    if number == signal.SIGKILL:
        assert eventually(lambda: not any(map(lives, servers)))
    assert not any(map(lives, servers))
    started = parts.start(folder)
    async with database_of(folder) as database:
        assert await find_member(database, member_id) is not None
    started.stop()


def test_the_twin_goes_on_where_it_was_killed_and_the_service_by_its_time(start: Starter) -> None:
    killed = start()
    twin, pro = place_and_token(killed.banner())
    assert premium(killed, pro)["granted"] is True
    httpx.post(f"{twin}/_twin/advance", json={"days": 40})
    made = httpx.post(f"{twin}/v1/customers", data={"email": "kept@example.test"}, headers=KEY).json()
    assert "has expired" in premium(killed, pro)["errors"]
    assert eventually(lambda: made["id"] in (killed.folder / "stripe-twin.json").read_text())
    killed.end_by(signal.SIGKILL)
    running = start()
    twin, pro = place_and_token(running.banner())
    kept = httpx.get(f"{twin}/v1/customers/{made['id']}", headers=KEY).json()
    assert (kept["email"], kept["created"]) == ("kept@example.test", made["created"])
    # A month on, the member has renewed: by the twin's clock, its webhook and the worker, with nothing asked of us.
    assert eventually(lambda: premium(running, pro)["granted"] is True)
    assert running.end_by(signal.SIGINT) == 0
    assert not (running.folder / "stripe-twin.here").exists()


KEY = {"authorization": "Bearer sk_test_any"}


def place_and_token(banner: str) -> tuple[str, str]:
    """Where the twin of Stripe is, and the pro member's token."""
    twin = re.search(r"twin of it +(http://\S+)", banner)
    token = re.search(r"^  pro member .*\n  (\S+)$", banner, re.MULTILINE)
    assert twin
    assert token
    return twin[1], token[1]


def premium(running: Running, token: str) -> dict[str, Any]:
    """Whether the newest article is granted, and what was said otherwise."""
    query = {"query": "{ articles(first: 1) { edges { node { access { granted } } } } }"}
    answer = httpx.post(f"{running.address}/graphql", json=query, headers={"authorization": f"Bearer {token}"}).json()
    granted = answer["data"]["articles"]["edges"][0]["node"]["access"]["granted"] if answer.get("data") else None
    return {"granted": granted, "errors": " ".join(fault["message"] for fault in answer.get("errors", ()))}


def test_a_start_right_after_a_kill_takes_seconds(start: Starter) -> None:
    killed = start()
    killed.banner()
    killed.end_by(signal.SIGKILL)
    began = time.monotonic()
    running = start()
    running.banner()
    assert time.monotonic() - began < 20  # an idle machine needs two or three
    assert running.end_by(signal.SIGINT) == 0


def test_ctrl_c_before_it_serves_ends_it_too(start: Starter, folder: Path) -> None:
    running = start()
    log = parts.addresses(folder).postgres.log
    starts = log.read_text().count("starting PostgreSQL")
    assert eventually(lambda: log.read_text().count("starting PostgreSQL") > starts)
    assert running.end_by(signal.SIGINT) in (0, 130)
    assert eventually(lambda: log.read_text().count("database system is shut down") == starts + 1)


def test_a_second_run_on_the_same_folder_is_told_so(start: Starter, folder: Path) -> None:
    first = start()
    first.banner()
    second = start()
    assert second.wait() == 1
    assert f"gatehouse run: Another process runs on {folder}" in second.errors.read_text()
    assert httpx.get(f"{first.address}/healthz").status_code == 200
    assert first.end_by(signal.SIGINT) == 0
