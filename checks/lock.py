"""The lock file: pinned with hashes, in step with pyproject.toml, and installable wherever Gatehouse runs."""

import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from checks.model import Finding, Source
from checks.tools import run_tool

PYPROJECT, LOCK = "pyproject.toml", "requirements.lock"
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin")
"""Not Intel's Macs: cryptography makes no wheels for them any more."""
PYTHONS = ("3.11", "3.12", "3.13")
ENTRY = re.compile(r"^(?P<pin>[^\s#\\]+==.*?) ?\\?$(?P<rest>(?:\n[ ].*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """One entry of the lock; `direct` when pyproject.toml asks for it itself."""

    requirement: Requirement
    line: int
    hashed: bool
    direct: bool


def stale_lock(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each requirement of ours is pinned within its bounds and hashed, and nothing else is pinned for our sake.

    Compares names and bounds without a network; `python -m checks lock` installs.
    """
    texts = {source.path: source.text for source in sources if source.path in (PYPROJECT, LOCK)}
    wanted = {canonicalize_name(need.name): need.specifier for need in _requirements(texts[PYPROJECT])}
    pins = {canonicalize_name(pin.requirement.name): pin for pin in _pins(texts[LOCK])}
    for name, pin in pins.items():
        if not pin.hashed:
            yield Finding(LOCK, pin.line, f"{name} has no hash")
        if pin.direct and name not in wanted:
            yield Finding(LOCK, pin.line, f"{name} is locked for us, but not required")
        if not all(wanted.get(name, SpecifierSet()).contains(pinned.version) for pinned in pin.requirement.specifier):
            yield Finding(LOCK, pin.line, f"{pin.requirement} is not within {wanted[name]}")
    yield from (Finding(PYPROJECT, 1, f"{name} is required, but not locked") for name in wanted.keys() - pins.keys())


def _pins(lock: str) -> Iterator[Pin]:
    for entry in ENTRY.finditer(lock):
        line = lock.count("\n", 0, entry.start()) + 1
        rest = entry["rest"]
        yield Pin(Requirement(entry["pin"]), line, "--hash=sha256:" in rest, "(pyproject.toml)" in rest)


def _requirements(pyproject: str) -> Iterator[Requirement]:
    project = tomllib.loads(pyproject)["project"]
    for needs in (project["dependencies"], *project["optional-dependencies"].values()):
        yield from map(Requirement, needs)


def uninstallable(root: Path) -> list[str]:
    """What keeps the lock from installing, as wheels alone, on each platform and Python. Needs uv and a network."""
    uv = shutil.which("uv")
    if uv is None:
        return ["uv is not on PATH: python3 -m pip install uv"]
    with tempfile.TemporaryDirectory() as target:
        return [
            f"{platform} {python}: {line}"
            for platform in PLATFORMS
            for python in PYTHONS
            for line in run_tool(root, [uv, *_dry_install(platform, python), "--target", target, "-r", LOCK])
        ]


def _dry_install(platform: str, python: str) -> list[str]:
    install = ["pip", "install", "-q", "--dry-run", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    return [*install, "--python-platform", platform, "--python-version", python]
