"""The checked-in SDL is what the types say."""

import pytest

from schema.sdl import FOLDER, find_changes, render_schemas


@pytest.mark.parametrize("name", ["full.graphql", "integrator.graphql", "spa.graphql"])
def test_artefact_is_up_to_date(name: str) -> None:
    changes = find_changes(FOLDER / name, render_schemas()[name])
    assert changes == [], f"{name} has drifted: judge these changes, then run `./dev schema`"


def test_rendering_is_stable() -> None:
    assert render_schemas() == render_schemas()
