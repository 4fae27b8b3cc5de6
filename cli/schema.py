"""Write the GraphQL SDL of each audience, which is the contract: full.graphql, integrator.graphql, spa.graphql.

Prints what the change does to clients, a line each, breaking changes by that name. Needs no server. Who may see what
is an artefact of its own: `python -m schema.matrix`.
"""

import argparse
from pathlib import Path

from errors import BadInput
from schema.sdl import FOLDER, find_changes, render_schemas, write_artefacts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they are written (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the files are out of date")


def main(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    if not folder.is_dir():
        raise BadInput(f"--folder: there is no folder {folder}; make it first.")
    if not arguments.check:
        changes = write_artefacts(folder)
    else:
        changes = [
            f"{name}: {change}" for name, sdl in render_schemas().items() for change in find_changes(folder / name, sdl)
        ]
    print("\n".join(changes) or "Nothing changed.")
    return 1 if arguments.check and changes else 0
