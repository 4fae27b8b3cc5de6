"""What pyproject.toml asks of ruff, pyright and import-linter is really refused by them."""

import sys
import tomllib
from pathlib import Path

import pytest

from checks.rooms import root_packages_of
from checks.tools import run_tool, tool

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"
BIN = Path(sys.executable).parent
FAULTS = {
    "PLC0415": "def f() -> None:\n    import json\n\n    json.dumps(1)\n",
    "TID251": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    pass\n",
    "DTZ005": "from datetime import datetime\n\nNOW = datetime.now()\n",
    "S608": 'def query(table: str) -> str:\n    return f"SELECT * FROM {table} WHERE id = 1"\n',
    "BLE001": "try:\n    print()\nexcept Exception:\n    raise ValueError from None\n",
    "PGH004": "import os  # no" + "qa\n",
    "RUF100": "X = 1  # no" + "qa: F401 - not needed\n",
    "RUF006": "import asyncio\n\n\nasync def f() -> None:\n    asyncio.create_task(asyncio.sleep(1))\n",
    "T201": "print()\n",
}


@pytest.mark.parametrize("code", FAULTS)
def test_ruff_refuses(tmp_path: Path, code: str) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.read_text())
    (tmp_path / "gating.py").write_text(FAULTS[code])
    found = run_tool(tmp_path, [str(BIN / "ruff"), "check", "--no-cache", "--output-format=concise", "gating.py"])
    assert any(f": {code} " in line for line in found), found


def test_the_clock_is_asked_in_one_place(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.read_text())
    (tmp_path / "gating.py").write_text(
        "import time\nfrom datetime import UTC, datetime\n\ntime.time(), datetime.now(UTC)\n"
    )
    found = run_tool(tmp_path, [str(BIN / "ruff"), "check", "--no-cache", "--select=TID251", "gating.py"])
    assert sum(line.startswith("TID251") for line in found) == 2, found


def test_pyright_is_strict() -> None:
    settings = tomllib.loads(PYPROJECT.read_text())["tool"]["pyright"]
    assert settings["typeCheckingMode"] == "strict"
    assert not [name for name, value in settings.items() if name.startswith("report") and value in (False, "none")]


@pytest.mark.parametrize(
    ("module", "line", "refusal"),
    [
        ("execution.gate", "import gating.model", None),
        ("gating.model", "import execution.gate", "gating is not allowed to import execution"),
        ("storage.database", "import identity.model", "storage is not allowed to import identity"),
        ("gating.model", "import app", "gating is not allowed to import app"),
        ("gating.ports", "import gating.model", "No cycles are allowed in gating"),
    ],
)
def test_import_linter_refuses(tmp_path: Path, module: str, line: str, refusal: str | None) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.read_text())
    for package in root_packages_of(PYPROJECT.read_text()):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "app.py").touch()
    modules = {"gating.model": "import gating.ports", "gating.ports": "", "execution.gate": "", "identity.model": ""}
    modules |= {"storage.database": "import storage.readers", "storage.readers": ""}
    for name, text in (modules | {module: line}).items():
        (tmp_path / (name.replace(".", "/") + ".py")).write_text(text)
    found = tool("lint-imports", "--no-cache", "--no-logo")(tmp_path)
    assert any(refusal in text for text in found) if refusal else found == [], found
