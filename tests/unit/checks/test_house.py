"""Each house check finds the fault it is for, and nothing in what is right."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from checks.house import RULES, run_rule
from checks.model import Source, read_sources

PYPROJECT = """
[project]
dependencies = ["starlette>=1,<2"]
[project.optional-dependencies]
dev = ["ruff>=0.14"]
[tool.importlinter]
root_packages = ["gating", "cli"]
[[tool.importlinter.contracts]]
type = "layers"
layers = ["cli", "(app)", "gating", "(settings)", "(errors)"]
"""
LOCK = """
ruff==0.17.5 \\
    --hash=sha256:aa
    # via gatehouse (pyproject.toml)
starlette==1.10.0 ; sys_platform != 'win32' \\
    --hash=sha256:bb \\
    --hash=sha256:bc
    # via gatehouse (pyproject.toml)
anyio==4.0
    --hash=sha256:cc
    # via starlette
"""
CLEAN = {
    "pyproject.toml": PYPROJECT,
    "requirements.lock": LOCK,
    "gating/__init__.py": '"""What a caller may see."""\n',
    "gating/model.py": "def decide() -> None: ...\n",
    "cli/__init__.py": '"""Commands."""\n',
    "app.py": "import gating.model\nimport settings\n",
    "settings.py": "import errors\n",
    "errors.py": "import enum\n",
    "tests/unit/test_model.py": "import gating.model  # noqa: F401 - shows how a reason is given\n",
    "README.md": "Read more at https://example.org/wo" + "rk/done.\n",
}
# Written in halves, as the address above, so that this file does not hold the faults it plants.
NOQA, IGNORE, PYRIGHT, SKIP = "# no" + "qa", "# type: ig" + "nore", "# py" + "right: ignore", "pytest.sk" + "ip"
LONG_FUNCTION = "def decide() -> None:\n" + "    print()\n" * 60
CHAIN = {f"gating/m{depth}.py": f"import gating.m{depth + 1}\n" for depth in range(11)} | {"gating/m11.py": ""}

FAULTS: list[tuple[str, dict[str, str]]] = [
    ("file length", {"gating/model.py": "\n" * 401}),
    ("file length", {"gating/page.html": "\n" * 401}),
    ("function length", {"gating/model.py": LONG_FUNCTION}),
    ("function length", {"gating/model.py": "class A:\n    async " + LONG_FUNCTION.replace("\n", "\n    ")}),
    ("names", {"gating/utils.py": ""}),
    ("names", {"gating/redis_helpers.py": ""}),
    ("names", {"tests/common/case.py": ""}),
    ("names", {"docs/base.md": ""}),
    ("package headings", {"gating/__init__.py": ""}),
    ("package headings", {"gating/__init__.py": '"""' + "words\n" * 16 + '"""'}),
    ("package headings", {"cli/inner/run.py": ""}),
    ("suppressions", {"gating/model.py": f"import os  {NOQA}: F401\n"}),
    ("suppressions", {"gating/model.py": f"import os  {NOQA}\n"}),
    ("suppressions", {"gating/model.py": f"x = 1  {IGNORE}\n"}),
    ("suppressions", {"tests/test_x.py": f"x = 1  {PYRIGHT}[reportAny]\n"}),
    ("suppressions", {"tests/test_x.py": f"{PYRIGHT.replace('ignore', 'basic')}\n"}),
    ("skips", {"tests/test_x.py": f"{SKIP}('no redis')\n"}),
    (
        "skips",
        {"tests/test_x.py": f"@{SKIP.replace('.', '.mark.')}if(True, reason='later')\ndef test() -> None: ...\n"},
    ),
    ("skips", {"tests/test_x.py": "@pytest.mark.xf" + "ail\ndef test() -> None: ...\n"}),
    ("patching", {"tests/test_x.py": "monkeypatch.set" + "attr(clock, 'now', None)\n"}),
    ("machine paths", {"README.md": "cd /wo" + "rk/main\n"}),
    ("machine paths", {"cli/run.py": "HOME = '/ro" + "ot/.cache'\n"}),
    ("machine paths", {"docs/a.md": "open /ho" + "me/anna/x\n"}),
    ("lock addresses", {"requirements.lock": "--index-url https://mirror.example/simple\n" + LOCK}),
    ("lock addresses", {"e2e/package-lock.json": '"resolved": "https://registry.example/x.tgz"\n'}),
    ("durations", {"gating/model.py": "import time\ntime.mono" + "tonic()\n"}),
    ("secrets", {"gating/model.py": "url.get_secret_" + "value()\n"}),
    ("rooms", {"analytics/__init__.py": '"""Numbers."""'}),
    ("rooms", {"twin.py": ""}),
    ("lone modules", {"settings.py": "from gating.model import decide\n"}),
    ("lone modules", {"errors.py": "import settings\n"}),
    ("lone modules", {"app.py": "def build_app():\n    import cli.main\n"}),
    ("outsiders", {"gating/model.py": "from tests.clock import FixedClock\n"}),
    ("technologies", {"gating/model.py": "import strawberry\n"}),
    ("technologies", {"app.py": "from redis.asyncio import Redis\n"}),
    ("technologies", {"gating/model.py": "from stripe import StripeClient\n"}),
    ("taken names", {"starlette/__init__.py": '"""Ours."""'}),
    ("taken names", {"token.py": ""}),
    ("import chains", CHAIN),
    ("lock", {"requirements.lock": LOCK.replace("ruff==0.17.5", "ruff==0.13.0")}),
    ("lock", {"requirements.lock": LOCK.replace("    --hash=sha256:cc\n", "")}),
    ("lock", {"pyproject.toml": PYPROJECT.replace('"ruff>=0.14"', '"ruff>=0.14", "pytest"')}),
    ("lock", {"pyproject.toml": PYPROJECT.replace('"ruff>=0.14"', "")}),
]


def tree(files: dict[str, str]) -> list[Source]:
    return [Source(path, text) for path, text in files.items()]


def found(sources: Iterable[Source]) -> set[str]:
    sources = list(sources)
    return {rule.name for rule in RULES if run_rule(rule, sources)}


def test_nothing_is_found_in_a_clean_tree() -> None:
    assert found(tree(CLEAN)) == set()


@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[f"{name}: {next(iter(fault))}" for name, fault in FAULTS])
def test_a_planted_fault_is_found_by_its_check_alone(name: str, fault: dict[str, str]) -> None:
    others = {"rooms"} if name == "taken names" else set[str]()
    assert found(tree(CLEAN | fault)) - others == {name}


def test_every_check_has_a_planted_fault() -> None:
    assert {name for name, _ in FAULTS} == {rule.name for rule in RULES}


def test_what_tools_made_is_not_read(tmp_path: Path) -> None:
    for path in (
        "gating/model.py",
        "gating/__pycache__/x.py",
        ".venv/x.py",
        "e2e/node_modules/x.js",
        ".ci/run",
        "a.png",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert [source.path for source in read_sources(tmp_path)] == [".ci/run", "gating/model.py"]
