"""Breakable servers, once for each module; every test leaves them running."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.breakable import Breakable, start_breakable


@pytest.fixture(scope="module")
def breakable() -> Iterator[Breakable]:
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-") as folder:
        started = start_breakable(Path(folder) / "data")
        yield started
        started.close()
