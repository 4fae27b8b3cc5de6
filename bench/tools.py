"""What must be on the machine, and the packages of the Node peers."""

import shutil
import subprocess
import sys
from collections.abc import Callable

from bench.faults import Missing, RunFailed
from bench.servers import NODE_PEERS

REMEDIES = {
    "wrk": "the load generator: `apt-get install wrk`",
    "node": "version 20.9 or later, for the peers: see nodejs.org, or `apt-get install nodejs`",
    "npm": "for the peers' packages; it comes with Node, on Debian by `apt-get install npm`",
}


def require_tools() -> None:
    """Raises Missing naming everything that is not there, each with its remedy."""
    problems = [f"{name} is not installed ({remedy})" for name, remedy in REMEDIES.items() if not shutil.which(name)]
    if sys.platform != "linux":
        problems.append("processor time is read from Linux' /proc: run the benchmark on Linux")
    if problems:
        raise Missing("The benchmark cannot run:\n" + "\n".join(f"  {problem}" for problem in problems))


def install_node_peers(progress: Callable[[str], None]) -> None:
    """Exactly what the lock file says; quick when it is there already. Raises RunFailed."""
    installed, lock = NODE_PEERS / "node_modules" / ".package-lock.json", NODE_PEERS / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    progress("installing the Node peers' packages")
    command = ["npm", "ci", "--no-fund", "--no-audit", "--ignore-scripts"]
    done = subprocess.run(command, cwd=NODE_PEERS, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunFailed(f"npm ci failed in bench/peers/node:\n{done.stderr[-2000:]}")
