"""Whether the PostgreSQL server answers at all, asked beside the event loop.

A slow answer is no proof: the process that waits may itself be too busy to read it, and must then be slow, not claim
an outage. So a wait that lasts leads to a question to the server from a thread, and only its silence ends the wait.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from math import inf
from time import monotonic

from sqlalchemy import URL

SUSPICIOUS_SECONDS = 0.35
"""How long a healthy server's answer may take before it is asked whether it lives."""
SILENT_SECONDS = 0.05
"""The same while it is known not to."""
PROBE_SECONDS = 0.2

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The shortest message that PostgreSQL answers before any log-in, over whatever socket (PostgreSQL docs, 54.2.11)."""

Address = str | tuple[str, int]
"""The path of a UNIX socket, or host and port."""


@dataclass(slots=True, eq=False)
class Wait:
    """For the server. `give_up` ends it, is called once at most, and may change as the wait goes on."""

    give_up: Callable[[], object]
    longest_seconds: float
    begun: float
    trusted: float
    """When the wait began or, later, the server last showed that it lives."""
    given_up: bool = False


class Liveness:
    """One server's. `probe` blocks, briefly, and is called in a thread; waits that last at the same time share one.

    A wait costs an entry in a dictionary: one timer watches the oldest, since all are suspected at the same age.
    """

    def __init__(self, probe: Callable[[], bool]) -> None:
        self._probe = probe
        self._suspicious_seconds = SUSPICIOUS_SECONDS
        self._waits: dict[Wait, None] = {}  # by `trusted`, oldest first
        self._watch: asyncio.TimerHandle | asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watch(self) -> AsyncGenerator[None]:
        """Raises TimeoutError in the body once the server has been asked and was silent."""
        async with asyncio.timeout(None) as deadline:
            wait = self.begin(partial(expire, deadline))
            try:
                yield
                self.note_answer()
            finally:
                self.end(wait)

    def begin(self, give_up: Callable[[], object], longest_seconds: float = inf) -> Wait:
        """A wait, to be ended by `end`; given up once the server was silent, or lives but lets it wait for longer."""
        now = monotonic()
        wait = Wait(give_up, longest_seconds, now, now)
        self._waits[wait] = None
        if self._watch is None:
            self._look_later(self._suspicious_seconds)
        return wait

    def end(self, wait: Wait) -> None:
        self._waits.pop(wait, None)

    def note_answer(self) -> None:
        """The server has answered just now."""
        self._suspicious_seconds = SUSPICIOUS_SECONDS

    def _look_later(self, seconds: float) -> None:
        self._watch = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """Asks the server if the oldest wait is suspicious, and looks again when it can be."""
        self._watch = None
        for oldest in self._waits:
            seconds = oldest.trusted + self._suspicious_seconds - monotonic()
            if seconds > 0:
                self._look_later(seconds)
            else:
                self._watch = asyncio.get_running_loop().create_task(self._doubt())
            return

    async def _doubt(self) -> None:
        """Asks once for all, and judges also those that have become suspicious meanwhile."""
        try:
            lives = await asyncio.to_thread(self._probe)
            self._suspicious_seconds = SUSPICIOUS_SECONDS if lives else SILENT_SECONDS
            now = monotonic()
            for wait in [wait for wait in self._waits if wait.trusted + self._suspicious_seconds <= now]:
                self._judge(wait, now, lives=lives)
        finally:
            self._look()

    def _judge(self, wait: Wait, now: float, *, lives: bool) -> None:
        del self._waits[wait]
        if lives and now - wait.begun < wait.longest_seconds:
            wait.trusted = now
            self._waits[wait] = None
        else:
            wait.given_up = True
            wait.give_up()


def expire(deadline: asyncio.Timeout) -> None:
    """Raises TimeoutError in what `deadline` guards, unless that has just ended."""
    with suppress(RuntimeError):
        deadline.reschedule(asyncio.get_running_loop().time())


def any_answers(addresses: Sequence[Address], seconds: float = PROBE_SECONDS) -> bool:
    """Whether a PostgreSQL server answers at one of `addresses`; blocks for at most `seconds` for each."""
    return any(_answers(address, seconds) for address in addresses)


def _answers(address: Address, seconds: float) -> bool:
    try:
        with _connect(address, seconds) as connection:
            connection.sendall(SSL_REQUEST)
            return bool(connection.recv(1))
    except OSError:
        return False


def _connect(address: Address, seconds: float) -> socket.socket:
    if not isinstance(address, str):
        return socket.create_connection(address, seconds)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(seconds)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def addresses_of(url: URL) -> tuple[Address, ...]:
    """Where `url` says that servers listen: its host, or the `host` parameters, a path naming a socket's folder."""
    named = url.query.get("host", url.host or "localhost")
    hosts = [host for part in ([named] if isinstance(named, str) else named) for host in part.split(",")]
    asked = url.query.get("port", str(url.port or 5432))
    ports = [int(port) for part in ([asked] if isinstance(asked, str) else asked) for port in part.split(",")]
    return tuple(_address(host, ports[min(place, len(ports) - 1)]) for place, host in enumerate(hosts))


def _address(host: str, port: int) -> Address:
    name, _, own_port = host.partition(":") if not host.startswith("/") else (host, "", "")
    number = int(own_port) if own_port else port
    return f"{host}/.s.PGSQL.{number}" if host.startswith("/") else (name, number)
