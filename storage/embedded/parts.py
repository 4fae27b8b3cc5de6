"""Both servers together, on one data folder that one process owns at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from errors import NotConfigured
from storage.embedded import postgres, valkey
from storage.embedded.identity import Identity, settle
from storage.embedded.server import Lock, Server, private_folder, socket_folder

_PREVIOUS_SERVERS_SECONDS = 40


class AlreadyRunning(NotConfigured):
    """Another process owns the data folder; its servers answer at `addresses(folder)`."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of one data folder answer while they run."""

    postgres: postgres.Places
    valkey: valkey.Places

    @property
    def owner_url(self) -> str:
        return self.postgres.url(postgres.OWNER)

    @property
    def app_url(self) -> str:
        return self.postgres.url(postgres.APP)

    @property
    def redis_url(self) -> str:
        return self.valkey.url


@dataclass(frozen=True, slots=True)
class Parts:
    """Two running servers."""

    addresses: Addresses
    postgres: Server
    valkey: Server
    owner_lock: Lock

    def stop(self) -> None:
        """Cleanly, both; idempotent but for the lock."""
        self.valkey.stop()
        self.postgres.stop()
        self.owner_lock.release()


def addresses(folder: Path) -> Addresses:
    """Where the parts of `folder` answer, whether they run or not."""
    folder = folder.resolve()
    sockets = socket_folder(folder)
    return Addresses(
        postgres.Places(folder / "postgres", sockets, folder / "postgres.log"),
        valkey.Places(folder / "valkey", sockets / "valkey.sock", folder / "valkey.log"),
    )


def start(folder: Path, *, durable: bool = True, progress: Callable[[str], None] = lambda _: None) -> Parts:
    """Starts both on `folder`, made if missing. Raises AlreadyRunning, NotConfigured, Unavailable; then nothing runs.

    Two locks: one is ours alone and answers at once; the other is inherited by the servers, and so is free again
    only when those of a run that was killed have finished stopping. Call from the main thread.
    """
    places = addresses(folder)
    identity = settle(places.postgres.data.parent)
    private_folder(places.postgres.sockets, identity.user)
    owner_lock = Lock.take(places.postgres.data.with_name("owner.lock"))
    if owner_lock is None:
        raise AlreadyRunning(
            f"Another process runs on {places.postgres.data.parent}: stop it, or set GATEHOUSE_DATA_DIR."
        )
    try:
        return Parts(places, *_start_both(places, identity, durable, progress), owner_lock)
    except BaseException:
        owner_lock.release()
        raise


def _start_both(
    places: Addresses, identity: Identity, durable: bool, progress: Callable[[str], None]
) -> tuple[Server, Server]:
    lock = Lock.take(places.postgres.data.with_name("servers.lock"), patience_seconds=_PREVIOUS_SERVERS_SECONDS)
    if lock is None:
        raise NotConfigured(f"The servers of an earlier run on {places.postgres.data.parent} do not stop: end them.")
    try:
        database = postgres.start(places.postgres, lock=lock, identity=identity, durable=durable, progress=progress)
        try:
            progress("starting Valkey")
            return database, valkey.start(places.valkey, lock=lock, identity=identity)
        except BaseException:
            database.stop()
            raise
    finally:
        lock.release()
