"""The SDL artefacts, which are the contract: `python -m schema.sdl` writes them and says what changed for clients.

They show the gates, which introspection does not.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from graphql import GraphQLSchema
from strawberry.printer import print_schema

from schema.build import build_schemas
from schema.changes import describe_changes

FOLDER = Path(__file__).parent


def render_schemas() -> Mapping[str, str]:
    """The text of each artefact, by file name. Types in alphabetical order, fields as declared."""
    schemas = build_schemas()
    return {
        "full.graphql": _render(schemas.full),
        "integrator.graphql": _render(schemas.integrator),
        "spa.graphql": _render(schemas.spa),
    }


def write_artefacts(folder: Path = FOLDER) -> list[str]:
    """Writes them into `folder`; returns what the change does, a line each, beginning with the file's name."""
    told: list[str] = []
    for name, sdl in render_schemas().items():
        path = folder / name
        told += [f"{name}: {change}" for change in find_changes(path, sdl)]
        path.write_text(sdl, encoding="utf-8")
    return told


def find_changes(artefact: Path, sdl: str) -> list[str]:
    """What `sdl` changes in the artefact; empty when they are the same text."""
    if not artefact.exists():
        return ["NEW"]
    old = artefact.read_text(encoding="utf-8")
    return [] if old == sdl else describe_changes(old, sdl) or ["compatible: additions or words only"]


def _render(schema: GraphQLSchema) -> str:
    return print_schema(cast(Any, schema)._strawberry_schema) + "\n"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in write_artefacts())
