"""What a running process tells of itself: metrics in one registry, and one structured log line for each thing done.

Neither ever holds a query, a variable, a token or a body.
"""

import atexit
import logging
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, BinaryIO

import orjson
import structlog
from prometheus_client import CollectorRegistry, Gauge

from counting import Counter, Histogram

LEVELS = logging.getLevelNamesMapping()

BATCH_SECONDS = 0.05
MOST_WAITING = 10_000


def _counter(name: str, description: str, *labels: str) -> Any:
    return field(default_factory=lambda: Counter(name, description, labels))


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every instrument of one app. Each app has its own registry, so that two in one process do not mix."""

    requests: Counter = _counter("gatehouse_requests", "HTTP requests answered.", "path", "status")
    operations: Counter = _counter("gatehouse_operations", "GraphQL operations run.", "outcome")
    denials: Counter = _counter("gatehouse_denials", "Selections refused by a gate.", "code", "feature")
    runs: Counter = _counter(
        "gatehouse_runs", "Operations by how they ran: `compiled`, or the reason why one was interpreted.", "how"
    )
    gate_errors: Counter = _counter(
        "gatehouse_gate_errors", "Operations refused because no entitlements could be read."
    )
    store_reads: Counter = _counter("gatehouse_store_reads", "Snapshots read, by the layer that answered.", "layer")
    inbox_events: Counter = _counter("gatehouse_inbox_events", "Stripe events arrived.", "outcome")
    unknown_events: Counter = _counter("gatehouse_unknown_events", "Stripe events of a type nobody handles.", "type")
    queue_depth: Gauge = field(
        default_factory=lambda: Gauge("gatehouse_queue_depth", "Work waiting.", ["queue"], registry=None)
    )
    request_seconds: Histogram = field(
        default_factory=lambda: Histogram("gatehouse_request_seconds", "Time to answer.", ["path"])
    )
    propagation_seconds: Histogram = field(
        default_factory=lambda: Histogram(
            "gatehouse_propagation_seconds",
            "From recording a change of entitlements until this process answers by it.",
            bounds=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
        )
    )
    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=True))

    def __post_init__(self) -> None:
        for instrument in (
            self.requests,
            self.operations,
            self.denials,
            self.runs,
            self.gate_errors,
            self.store_reads,
            self.inbox_events,
            self.unknown_events,
            self.queue_depth,
            self.request_seconds,
            self.propagation_seconds,
        ):
            self.registry.register(instrument)


class LineWriter:
    """Writes log lines from a thread: whoever logs never waits for whoever reads.

    Lines go out together, BATCH_SECONDS after the first of them; a process that is killed takes with it those that
    wait, one that ends calls `flush`. While nobody reads, at most MOST_WAITING are kept; of later ones only the number
    is told.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: deque[bytes] = deque()
        self._lost = 0
        self._any, self._writing, self._counting = Event(), Lock(), Lock()
        Thread(target=self._run, name="log", daemon=True).start()

    def msg(self, line: bytes) -> None:
        if len(self._waiting) >= MOST_WAITING:
            with self._counting:
                self._lost += 1
            return
        self._waiting.append(line)
        if not self._any.is_set():
            self._any.set()

    debug = info = warning = error = critical = exception = msg  # the names by which structlog calls it

    def flush(self) -> None:
        """Writes what waits, unless a reader who does not read has kept us from writing for a second."""
        if not self._writing.acquire(timeout=1):
            return
        try:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            with self._counting:
                lost, self._lost = self._lost, 0
            if lost:
                lines.append(orjson.dumps({"event": "log lines lost", "lines": lost, "level": "warning"}))
            if lines:
                self._file.write(b"\n".join([*lines, b""]))
                self._file.flush()
        finally:
            self._writing.release()

    def _run(self) -> None:
        while True:
            self._any.wait()
            time.sleep(BATCH_SECONDS)
            self._any.clear()  # before the lines are taken, so that none waits for the next one
            self.flush()


def configure_logging(level: str) -> None:
    """JSON lines on stderr, for ours and for every library's logger. Called once by a command, never by tests."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    lines = LineWriter(sys.stderr.buffer)
    atexit.register(lines.flush)
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(orjson.dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level.upper()]),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
