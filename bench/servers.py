"""Programs under load: what they are, and starting and stopping them."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from bench.faults import RunFailed
from bench.ground import Ground

HOST = "127.0.0.1"
START_SECONDS = 120
STOP_SECONDS = 10
NODE_PEERS = Path(__file__).parent / "peers" / "node"


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """`command` gets the port in place of PORT, by its environment as well."""

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """One address of a program; `path` is where it is asked. Servers of one program share its process."""

    name: str
    program: Program
    path: str


@dataclass(frozen=True, slots=True)
class Running:
    server: Server
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}{self.server.path}"


def ours(factory: str) -> Program:
    """A factory of `bench.gatehouse`."""
    return Program((sys.executable, "-m", "bench.serve", factory), MappingProxyType({}))


def uvicorn(factory: str, variables: Mapping[str, str] = MappingProxyType({})) -> Program:
    """Without an access log. `factory` is `module:function`."""
    options = ("--factory", "--host", HOST, "--port", "PORT", "--no-access-log", "--log-level", "warning")
    return Program((sys.executable, "-m", "uvicorn", factory, *options), variables)


def node(script: str, variables: Mapping[str, str] = MappingProxyType({})) -> Program:
    return Program(("node", str(NODE_PEERS / script)), variables)


@contextmanager
def running(
    servers: Iterable[Server], ground: Ground, environ: Mapping[str, str], progress: Callable[[str], None]
) -> Generator[dict[str, Running]]:
    """All of them, by name, once each accepts connections; all stopped at the end. Raises RunFailed."""
    with ExitStack() as stack:
        of_program: dict[Program, Running] = {}
        started: dict[str, Running] = {}
        for server in servers:
            if server.program not in of_program:
                progress(f"starting {server.name}")
                one = of_program[server.program] = _start(server, ground, environ)
                stack.callback(_stop, one)
            started[server.name] = replace(of_program[server.program], server=server)
        for one in of_program.values():
            _wait_until_open(one)
        yield started


def failed(one: Running, what: str) -> RunFailed:
    lines = one.log.read_text(errors="replace").splitlines()[-12:]
    return RunFailed(f"{one.server.name} {what}; the end of its log:\n  " + "\n  ".join(lines))


def _start(server: Server, ground: Ground, environ: Mapping[str, str]) -> Running:
    port = _free_port()
    log = ground.folder / f"{server.name.replace(' ', '_').replace('/', '_')}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part if part != "PORT" else str(port) for part in server.program.command],
            env={**environment(ground, environ), **server.program.variables, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    return Running(server, process, port, log)


def _stop(one: Running) -> None:
    one.process.terminate()
    try:
        one.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        one.process.kill()
        one.process.wait()


def _wait_until_open(one: Running) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if one.process.poll() is not None:
            raise failed(one, f"ended with {one.process.returncode}")
        try:
            socket.create_connection((HOST, one.port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise failed(one, f"does not listen after {START_SECONDS} s") from None
            time.sleep(0.05)


def environment(ground: Ground, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with the ground's variables; settings of the caller's own Gatehouse do not reach the one under load."""
    foreign = {name: value for name, value in environ.items() if not name.startswith("GATEHOUSE_")}
    return foreign | ground.variables


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
