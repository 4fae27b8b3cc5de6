"""The checked-in matrix is what is decided, and its diff names the cells that a change moves, and no others."""

from dataclasses import replace

import pytest

from billing.catalogue import load_catalogue
from billing.model import Catalogue, StateAccess
from schema.matrix import ARTEFACT, CATALOGUE, changed_cells, render_matrix, write_artefact


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(CATALOGUE)


def test_the_artefact_is_up_to_date(catalogue: Catalogue) -> None:
    changed = changed_cells(ARTEFACT.read_text(encoding="utf-8"), render_matrix(catalogue))
    assert changed == [], f"judge these cells, then run `python -m schema.matrix`: {changed}"


def test_a_feature_moved_names_exactly_its_cells(catalogue: Catalogue) -> None:
    """The archive leaves the pro plan: one coordinate, in those states of pro alone that gave it."""
    free, pro, enterprise = catalogue.plans
    moved = replace(catalogue, plans=(free, replace(pro, features=pro.features - {"archive"}), enterprise))
    before = render_matrix(catalogue)
    granting = [line for line in before.splitlines() if "includeArchived" in line and line.endswith("| yes")]
    expected = {line.removesuffix(" | yes") for line in granting if "| pro |" in line}
    changed = changed_cells(before, render_matrix(moved))
    assert {cell.rpartition(": ")[0] for cell in changed} == expected
    assert len(expected) > 5
    assert all(cell.endswith(": yes -> refused ENTITLEMENT_REQUIRED archive") for cell in changed)


def test_a_status_that_no_longer_grants_names_exactly_its_state(catalogue: Catalogue) -> None:
    policy = catalogue.access
    strict = replace(catalogue, access=replace(policy, states={**policy.states, "past_due": StateAccess.NONE}))
    changed = changed_cells(render_matrix(catalogue), render_matrix(strict))
    assert changed
    assert all(" | past_due: yes -> " in cell or " | past_due, day " in cell for cell in changed)


def test_a_stage_of_dunning_that_moves_names_exactly_its_cells(catalogue: Catalogue) -> None:
    """The warning of day 5 comes on day 6: that column goes, this one comes, and nothing else moves."""
    policy = catalogue.access
    steps = tuple(replace(step, day=6) if step.day == 5 else step for step in policy.dunning.steps)
    later = replace(catalogue, access=replace(policy, dunning=replace(policy.dunning, steps=steps)))
    changed = changed_cells(render_matrix(catalogue), render_matrix(later))
    assert {cell.rpartition(": ")[0].rpartition(" | ")[2] for cell in changed} == {"past_due, day 5", "past_due, day 6"}
    download = [cell for cell in changed if cell.startswith("Mutation.requestDownload | pro | past_due, day 6")]
    assert [cell.rpartition(" -> ")[2] for cell in download] == ["refused ENTITLEMENT_REQUIRED downloads"]


def test_writing_tells_what_changed(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("matrix") / "access_matrix.txt"
    assert all(": absent -> " in cell for cell in write_artefact(catalogue, path))
    assert write_artefact(catalogue, path) == []
    path.write_text(path.read_text(encoding="utf-8").replace("| pro | active | yes", "| pro | active | no", 1), "utf-8")
    [cell] = write_artefact(catalogue, path)
    assert cell.endswith("| pro | active: no -> yes")
