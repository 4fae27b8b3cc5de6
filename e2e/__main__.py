"""`./dev e2e`: real clients and a real browser against a real Gatehouse with demo data.

Exit codes: 0 everything passed, 1 something did not, 2 a tool is missing and how to install it. Nothing is skipped.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from web.explorer.build import build_graphiql, graphiql_is_built

HERE = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
MEMBERS = {"free": "mem_demofree", "pro": "mem_demopro", "lapsed": "mem_demolapsed"}
MINT = [sys.executable, "-m", "cli.main", "token", "--member"]
OLDEST_NODE = 20
START_SECONDS = 180
STOP_SECONDS = 30


def main() -> int:
    node, chromium = shutil.which("node"), find_chromium()
    if missing := list(missing_tools(node, chromium)):
        sys.stderr.write("\n".join([*missing, ""]))
        return 2
    if problem := install():
        sys.stderr.write(f"{problem}\n")
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="gh-e2e-") as folder,
        running_gatehouse(Path(folder)) as (base, environ),
    ):
        tokens = {name: token_for(member, environ) for name, member in MEMBERS.items()}
        environ |= {"E2E_BASE": base, "E2E_TOKENS": json.dumps(tokens), "E2E_MINT": json.dumps(MINT)}
        environ |= {"E2E_CHROMIUM": str(chromium)}
        return subprocess.run([str(node), str(HERE / "run.mjs")], env=environ, check=False).returncode


def missing_tools(node: str | None, chromium: str | None) -> Iterator[str]:
    """What is not there, each with its remedy."""
    if node is None or shutil.which("npm") is None:
        yield f"Node {OLDEST_NODE} or newer with npm is missing: install it from nodejs.org or your system's packages."
    elif (found := node_version(node)) < OLDEST_NODE:
        yield f"Node {found} is too old: install Node {OLDEST_NODE} or newer."
    if chromium is None:
        yield "Chromium is missing: `apt-get install chromium`, or name a browser with E2E_CHROMIUM=/path/to/chromium."


def node_version(node: str) -> int:
    asked = subprocess.run([node, "-p", "process.versions.node"], capture_output=True, text=True, check=True)
    return int(asked.stdout.split(".")[0])


def find_chromium() -> str | None:
    named = os.environ.get("E2E_CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, (*BROWSERS, *MAC_BROWSERS))), None)


def install() -> str | None:
    """The locked packages, GraphiQL, and what Relay's compiler makes. Returns what went wrong, if anything."""
    stamp, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    steps = [] if stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime else [["npm", "ci", "--no-progress"]]
    for command in [*steps, ["npm", "run", "--silent", "relay"]]:
        say(" ".join(command))
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"`{' '.join(command)}` in e2e/ failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    if not graphiql_is_built():
        say("building GraphiQL")
        if reason := build_graphiql():
            return f"GraphiQL was not built: {reason}"
    return None


@contextmanager
def running_gatehouse(folder: Path) -> Generator[tuple[str, dict[str, str]]]:
    """`gatehouse run` on a free port with parts and demo data of its own: its address, and an environment for it."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    environ = os.environ | {"GATEHOUSE_DATA_DIR": str(folder / "data"), "GATEHOUSE_PORT": str(port)}
    say("gatehouse run")
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen([sys.executable, "-m", "cli.main", "run"], env=environ, stdout=log, stderr=log)
        try:
            await_ready(base, process)
            yield base, environ
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read()[-5000:])
            raise
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def await_ready(base: str, process: subprocess.Popen[bytes]) -> None:
    """Returns once the server says that it is ready. Raises RuntimeError when it ends first or takes too long."""
    for _ in range(START_SECONDS * 5):
        if process.poll() is not None:
            break
        with suppress(httpx.TransportError):
            if httpx.get(f"{base}/readyz").is_success:
                return
        time.sleep(0.2)
    raise RuntimeError(f"gatehouse run was not ready within {START_SECONDS} s; its output stands above")


def token_for(member: str, environ: Mapping[str, str]) -> str:
    return subprocess.run([*MINT, member], env=environ, capture_output=True, text=True, check=True).stdout.strip()


def say(step: str) -> None:
    sys.stdout.write(f"  {step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
