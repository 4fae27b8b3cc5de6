"""The README keeps to its length, and names every setting, room and file rightly."""

import re
from pathlib import Path

from checks.model import read_sources
from checks.rooms import roots_of
from settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_it_names_every_setting_and_no_other() -> None:
    table = README.partition("## Settings")[2]
    named = re.findall(
        r"`([A-Z_]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if row.startswith("| `"))
    )
    assert sorted(named) == sorted(map(str.upper, Settings.model_fields))


def test_it_names_every_room() -> None:
    for room in roots_of(read_sources(ROOT)):
        assert f"`{room}`" in README or f"`{room}.py`" in README, room


def test_the_files_it_names_exist() -> None:
    for path in re.findall(r"[`(]([\w/.]+/[\w.]+\.(?:py|txt|md|yaml))[`)]", README):
        assert (ROOT / path).exists(), path
