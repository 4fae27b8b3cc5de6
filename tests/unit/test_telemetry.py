"""Log lines: none is lost while somebody reads, and nobody waits for a reader."""

import os
import subprocess
import sys
import threading

import orjson
import pytest

from telemetry import MOST_WAITING, LineWriter


def test_lines_come_in_order_and_whole() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb") as file:
        writer = LineWriter(file)
        for number in range(500):
            writer.info(b"%d" % number)
        assert [int(reader.readline()) for _ in range(500)] == list(range(500))
        writer.error(b"later")
        assert reader.readline() == b"later\n"


def test_a_reader_who_does_not_read_stops_nobody_and_is_told_how_much_was_lost() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "wb") as file:
        writer = LineWriter(file)
        lines, sent = [b"x" * 100] * (3 * MOST_WAITING), threading.Event()

        def send() -> None:
            for line in lines:
                writer.info(line)
            sent.set()

        threading.Thread(target=send, daemon=True).start()
        assert sent.wait(10)
        read = 0
        while (line := reader.readline()) == b"x" * 100 + b"\n":
            read += 1
        told = orjson.loads(line)
        assert (told["event"], read + told["lines"]) == ("log lines lost", len(lines))
        assert read >= MOST_WAITING


@pytest.mark.parametrize(("level", "events"), [("info", ["request", "broken", "last"]), ("error", ["broken"])])
def test_a_process_that_ends_has_written_its_lines(level: str, events: list[str]) -> None:
    program = f"""
import structlog
from telemetry import configure_logging
configure_logging({level!r})
log = structlog.get_logger()
log.info("request", request_id="r1", ms=1.5, operation=None)
try:
    raise ValueError("reason")
except ValueError:
    log.exception("broken", thing=object)
log.info("last", name="\u00e9")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    lines = [orjson.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == events
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)
    [broken] = [line for line in lines if line["event"] == "broken"]
    assert "ValueError: reason" in broken["exception"]
    assert "object" in broken["thing"]
