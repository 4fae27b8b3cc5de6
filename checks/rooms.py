"""The rooms and who may import whom, where import-linter cannot see: new roots, and roots that are one module."""

import ast
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions

from checks.model import OUTSIDE, Finding, Source

TECHNOLOGIES = {
    "strawberry": ("schema", "resolvers", "web", "execution", "gating.directives"),
    "graphql": ("schema", "resolvers", "web", "execution", "gating.directives"),
    "stripe": ("billing.stripe", "webhooks.signature", "twin"),
    "redis": ("storage", "gating.redis", "cli.doctor"),
    "asyncpg": ("storage",),
    "alembic": ("storage",),
    "sqlalchemy": ("storage", "gating", "identity", "billing", "metering", "content", "webhooks", "cli"),
    "starlette": ("web", "webhooks", "app", "cli", "twin"),
    "uvicorn": ("cli", "web", "twin"),
    "prometheus_client": ("telemetry", "counting", "web"),
}
"""Who may import a library that is not to spread. A module not named here that imports one is a finding."""


def layers_of(pyproject: str) -> list[set[str]]:
    """The rooms by layer, top first, as the import contract names them."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [{room.strip(" ()") for room in layer.split("|")} for layer in layers]


def root_packages_of(pyproject: str) -> set[str]:
    return set(tomllib.loads(pyproject)["tool"]["importlinter"]["root_packages"])


def pyproject_of(sources: Iterable[Source]) -> str:
    return next(source.text for source in sources if source.path == "pyproject.toml")


def roots_of(sources: Iterable[Source]) -> dict[str, bool]:
    """Each importable name at the root that is ours; True for a package."""
    paths = [source.path.split("/") for source in sources if source.is_python]
    return {parts[0].removesuffix(".py"): len(parts) > 1 for parts in paths if parts[0] not in OUTSIDE}


def unknown_rooms(sources: Iterable[Source]) -> Iterator[Finding]:
    """Every root is in the import contract, or the contract does not hold it."""
    sources = list(sources)
    pyproject = pyproject_of(sources)
    layers = set[str]().union(*layers_of(pyproject))
    linted = root_packages_of(pyproject)
    for room, is_package in sorted(roots_of(sources).items()):
        if room not in layers:
            yield Finding("pyproject.toml", 1, f"{room} is in no layer of the import contract")
        if is_package and room not in linted:
            yield Finding("pyproject.toml", 1, f"{room} is not among import-linter's root_packages")


def lone_modules(sources: Iterable[Source]) -> Iterator[Finding]:
    """Roots that are one module import downwards too: import-linter takes them for somebody else's."""
    sources = list(sources)
    layers = layers_of(pyproject_of(sources))
    height = {room: len(layers) - depth for depth, layer in enumerate(layers) for room in layer}
    for source in sources:
        room = source.path.removesuffix(".py")
        if source.is_python and room in height:
            for name, line in _imported(source.tree):
                if height.get(name, -1) >= height[room]:
                    yield Finding(source.path, line, f"{room} may not import {name}")


def outsiders(sources: Iterable[Source]) -> Iterator[Finding]:
    """No room imports tests, bench or checks."""
    for source in sources:
        if source.is_python and source.in_a_room:
            for name, line in _imported(source.tree):
                if name in OUTSIDE:
                    yield Finding(source.path, line, f"a room may not import {name}")


def spread_technologies(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        if source.is_python and source.in_a_room:
            module = source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for name, line in _imported(source.tree):
                if not _allowed(module, TECHNOLOGIES.get(name)):
                    allowed = ", ".join(TECHNOLOGIES[name])
                    yield Finding(source.path, line, f"{name} is imported only in {allowed}")


def _allowed(module: str, importers: tuple[str, ...] | None) -> bool:
    return importers is None or any(module == importer or module.startswith(f"{importer}.") for importer in importers)


@cache
def installed_modules() -> Mapping[str, Collection[str]]:
    """Each importable name that a distribution here brings, with the names of its bringers."""
    return packages_distributions()


def taken_names(sources: Iterable[Source]) -> Iterator[Finding]:
    """A root of ours named like an installed package, or like Python's own, would hide it."""
    installed = installed_modules()
    for room, is_package in sorted((roots_of(sources) | dict.fromkeys(OUTSIDE, True)).items()):
        owners = [owner for owner in installed.get(room, ()) if owner != "gatehouse"]
        if owners or room in sys.stdlib_module_names:
            path = f"{room}/__init__.py" if is_package else f"{room}.py"
            yield Finding(path, 1, f"hides the module {room} of {', '.join(owners) or 'Python'}")


def _imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0], node.lineno
