"""A source file as the house checks see it, and what they find."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SKIPPED = {"node_modules", "__pycache__", "dist", "results"}
KEPT_HIDDEN = {".ci", ".gitignore"}
CODE = {"", ".css", ".html", ".js", ".mjs", ".py", ".sh", ".ts", ".tsx"}
TEXT = CODE | {".graphql", ".json", ".lock", ".md", ".toml", ".txt", ".yaml", ".yml"}
OUTSIDE = ("tests", "bench", "checks", "docs", "e2e", "edge")
"""Root folders that are no rooms: nothing in a room imports them."""


@dataclass(frozen=True)
class Source:
    """One text file; `path` is relative to the root, with forward slashes."""

    path: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def is_python(self) -> bool:
        return self.path.endswith(".py")

    @property
    def in_a_room(self) -> bool:
        return self.path.split("/")[0] not in OUTSIDE


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def read_sources(root: Path) -> list[Source]:
    """Every text file below `root`, by path; not what a tool made or installed."""
    return [Source(path.relative_to(root).as_posix(), path.read_text()) for path in sorted(_text_files(root))]


def _text_files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED and _visible(name)]
        yield from (Path(folder, name) for name in files if Path(name).suffix in TEXT and _visible(name))


def _visible(name: str) -> bool:
    return not name.startswith(".") or name in KEPT_HIDDEN
