"""Whatever happens to the process that started them, the embedded servers end, and nothing committed is lost."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from storage.embedded import parts
from tests.fault.processes import eventually, lives

pytestmark = pytest.mark.alone

OWNER_PROCESS = """
import signal, sys, time
from pathlib import Path
from storage.embedded import parts
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits it ignored
started = parts.start(Path(sys.argv[1]))
print(started.postgres.pid, started.valkey.pid, started.postgres.watchdog.pid, started.valkey.watchdog.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-") as name:
        yield Path(name) / "data"


class Owner:
    """A process of its own that started the parts on `folder`."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", OWNER_PROCESS, str(folder)], stdout=subprocess.PIPE)
        assert self.process.stdout
        self.postgres, self.valkey, *self.watchdogs = map(int, self.process.stdout.readline().split())

    def end_by(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(60)
        assert self.process.stdout
        self.process.stdout.close()


async def commit_a_row(folder: Path) -> None:
    owner = await asyncpg.connect(parts.addresses(folder).owner_url)
    await owner.execute("CREATE TABLE kept (line text); INSERT INTO kept VALUES ('committed')")
    await owner.close()


async def committed_row(folder: Path) -> str:
    started = parts.start(folder)
    owner = await asyncpg.connect(started.addresses.owner_url)
    line: str = await owner.fetchval("SELECT line FROM kept")
    await owner.close()
    started.stop()
    return line


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_servers_end_with_their_owner(folder: Path, number: signal.Signals) -> None:
    owner = Owner(folder)
    await commit_a_row(folder)
    owner.end_by(number)
    assert eventually(lambda: not any(map(lives, (owner.postgres, owner.valkey, *owner.watchdogs))))
    assert "database system is shut down" in parts.addresses(folder).postgres.log.read_text()
    assert await committed_row(folder) == "committed"


async def test_they_end_when_owner_and_watchdogs_are_killed_at_once(folder: Path) -> None:
    if sys.platform != "linux":
        pytest.fail("this promise is Linux's alone (a death signal); elsewhere only the watchdog stands guard")
    owner = Owner(folder)
    await commit_a_row(folder)
    for pid in owner.watchdogs:
        os.kill(pid, signal.SIGKILL)
    owner.end_by(signal.SIGKILL)
    assert eventually(lambda: not any(map(lives, (owner.postgres, owner.valkey))))
    assert await committed_row(folder) == "committed"


async def test_a_start_right_after_a_kill_waits_for_the_servers_to_stop(folder: Path) -> None:
    owner = Owner(folder)
    await commit_a_row(folder)
    owner.end_by(signal.SIGKILL)
    assert await committed_row(folder) == "committed"


async def test_a_crash_of_postgres_loses_nothing_committed(folder: Path) -> None:
    started = parts.start(folder)
    await commit_a_row(folder)
    started.postgres.kill()
    started.stop()
    assert await committed_row(folder) == "committed"


async def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(folder: Path) -> None:
    started = parts.start(folder)
    await commit_a_row(folder)
    pid_file = started.addresses.postgres.data / "postmaster.pid"
    stale = pid_file.read_text().splitlines()
    started.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *stale[1:]]) + "\n")
    assert await committed_row(folder) == "committed"


def test_a_second_owner_is_told_at_once(folder: Path) -> None:
    started = parts.start(folder)
    with pytest.raises(parts.AlreadyRunning, match=f"Another process runs on {folder}"):
        parts.start(folder)
    started.stop()


def test_a_path_no_socket_could_have_will_do(folder: Path) -> None:
    deep = folder / ("deep" * 30) / "with, comma & space?"
    started = parts.start(deep)
    sockets = started.addresses.postgres.sockets
    assert deep not in sockets.parents
    assert (sockets.stat().st_mode & 0o777) == 0o700
    started.stop()
    shutil.rmtree(sockets)


def test_nothing_about_the_folder_is_open_to_others(folder: Path) -> None:
    started = parts.start(folder)
    places = started.addresses
    for path in (folder, places.postgres.data, places.postgres.sockets, places.valkey.data):
        assert (path.stat().st_mode & 0o077) == 0, path
    started.stop()


def test_an_interrupted_first_start_is_begun_again(folder: Path) -> None:
    unfinished = folder / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("half")
    started = parts.start(folder)
    started.stop()
    assert not unfinished.exists()
