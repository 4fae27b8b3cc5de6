"""The folders at the root are the rooms of the import contract, no more and no fewer."""

from pathlib import Path

from checks.chains import long_chains
from checks.model import read_sources
from checks.rooms import layers_of, pyproject_of, root_packages_of, roots_of, taken_names

SOURCES = read_sources(Path(__file__).parents[2])
PYPROJECT = pyproject_of(SOURCES)
ROOTS = roots_of(SOURCES)


def test_the_roots_are_the_rooms_of_the_contract() -> None:
    assert ROOTS.keys() == set[str]().union(*layers_of(PYPROJECT))


def test_every_package_among_them_is_linted() -> None:
    assert {room for room, is_package in ROOTS.items() if is_package} == root_packages_of(PYPROJECT)


def test_no_root_hides_an_installed_module() -> None:
    assert list(taken_names(SOURCES)) == []


def test_no_module_is_more_than_ten_imports_deep() -> None:
    assert list(long_chains(SOURCES)) == []
