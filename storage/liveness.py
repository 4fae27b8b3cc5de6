"""Whether the PostgreSQL server answers at all, asked beside the event loop.

A slow answer is no proof: the process that waits may itself be too busy to read it, and must then be slow, not claim
an outage. So a wait that lasts leads to a question to the server from a thread, and only its silence ends the wait.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

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


class Liveness:
    """One server's. `probe` blocks, briefly, and is called in a thread; waits that last at the same time share one."""

    def __init__(self, probe: Callable[[], bool]) -> None:
        self._probe = probe
        self._probing: asyncio.Task[bool] | None = None
        self._suspicious_seconds = SUSPICIOUS_SECONDS

    @asynccontextmanager
    async def watch(self) -> AsyncGenerator[None]:
        """Raises TimeoutError in the body once the server has been asked and was silent."""
        async with asyncio.timeout(None) as deadline:
            # A timer costs next to nothing; a task is made only for the few waits that last.
            doubts: list[asyncio.Task[None]] = []
            loop = asyncio.get_running_loop()
            timer = loop.call_later(
                self._suspicious_seconds, lambda: doubts.append(loop.create_task(self._doubt(deadline)))
            )
            try:
                yield
                self._suspicious_seconds = SUSPICIOUS_SECONDS
            finally:
                timer.cancel()
                for doubt in doubts:
                    doubt.cancel()

    async def _doubt(self, deadline: asyncio.Timeout) -> None:
        while await self._ask():
            self._suspicious_seconds = SUSPICIOUS_SECONDS
            await asyncio.sleep(SUSPICIOUS_SECONDS)
        self._suspicious_seconds = SILENT_SECONDS
        with suppress(RuntimeError):  # the body has just ended
            deadline.reschedule(asyncio.get_running_loop().time())

    async def _ask(self) -> bool:
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(asyncio.to_thread(self._probe))
        return await asyncio.shield(self._probing)


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
