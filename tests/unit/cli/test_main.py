"""The command line as a stranger meets it."""

import importlib
import subprocess
import sys

import pytest

from cli.main import COMMANDS
from tests.fault.processes import without_settings


def gatehouse(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=without_settings() | environ, check=False)


def test_help_names_every_command() -> None:
    answer = gatehouse("--help")
    assert answer.returncode == 0
    for name in COMMANDS:
        assert f"  {name}" in answer.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    module = importlib.import_module(f"cli.{name}")
    assert len((module.__doc__ or "").split()) > 20
    answer = gatehouse(name, "--help")
    assert answer.returncode == 0
    assert f"usage: gatehouse {name}" in answer.stdout


def test_an_unknown_command_is_refused_with_those_known() -> None:
    answer = gatehouse("serve")
    assert answer.returncode == 2
    assert "'doctor'" in answer.stderr


def test_wrong_settings_are_said_without_a_traceback() -> None:
    answer = gatehouse("token", "--member", "mem_1", GATEHOUSE_PORT="none", GATEHOUSE_REDIS="x")
    assert answer.returncode == 1
    assert "GATEHOUSE_PORT" in answer.stderr
    assert "GATEHOUSE_REDIS" in answer.stderr
    assert "Traceback" not in answer.stderr
