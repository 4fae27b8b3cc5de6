"""Sizes, names and headings."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from checks.model import CODE, Finding, Source

FILE_LINES = 400
FUNCTION_LINES = 60
HEADING_LINES = 15
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "service"}


def long_files(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        if PurePosixPath(source.path).suffix in CODE and len(source.lines) > FILE_LINES:
            yield Finding(source.path, FILE_LINES + 1, f"{len(source.lines)} lines; at most {FILE_LINES}")


def long_functions(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        for node in ast.walk(source.tree) if source.is_python else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield Finding(source.path, node.lineno, f"{node.name}: {length} lines; at most {FUNCTION_LINES}")


def vague_names(sources: Iterable[Source]) -> Iterator[Finding]:
    for source in sources:
        for part in PurePosixPath(source.path).parts:
            words = set(part.partition(".")[0].lower().replace("-", "_").split("_"))
            if words & VAGUE:
                yield Finding(source.path, 1, f"{part} says nothing; name it after the noun or verb inside")


def headings(sources: Iterable[Source]) -> Iterator[Finding]:
    """Each package of a room says in a few lines what it owns."""
    sources = [source for source in sources if source.is_python and source.in_a_room]
    packages = {path.parent for path in (PurePosixPath(source.path) for source in sources)} - {PurePosixPath(".")}
    found = {PurePosixPath(source.path).parent: source for source in sources if source.path.endswith("/__init__.py")}
    for package in sorted(package for package in packages if "migrations" not in package.parts):
        path = str(package / "__init__.py")
        heading = ast.get_docstring(found[package].tree) if package in found else None
        if heading is None:
            yield Finding(path, 1, "no docstring saying what the package owns and does not own")
        elif len(heading.splitlines()) > HEADING_LINES:
            yield Finding(path, 1, f"docstring of {len(heading.splitlines())} lines; at most {HEADING_LINES}")
