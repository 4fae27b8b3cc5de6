"""What a running process tells of itself: metrics in one registry, and one structured log line for each thing done.

Neither ever holds a query, a variable, a token or a body.
"""

import logging
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LEVELS = logging.getLevelNamesMapping()


Instrument = TypeVar("Instrument", Counter, Histogram)


def _looked_up_once(instrument: Instrument) -> Instrument:
    """Remembers what `labels` finds: the library takes a lock each time and makes each value a text anew."""
    vars(instrument)["labels"] = cache(instrument.labels)
    return instrument


def _counter(name: str, description: str, *labels: str) -> Any:
    return field(default_factory=lambda: _looked_up_once(Counter(name, description, labels, registry=None)))


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every instrument of one app. Each app has its own registry, so that two in one process do not mix."""

    requests: Counter = _counter("gatehouse_requests", "HTTP requests answered.", "path", "status")
    operations: Counter = _counter("gatehouse_operations", "GraphQL operations run.", "outcome")
    denials: Counter = _counter("gatehouse_denials", "Selections refused by a gate.", "code", "feature")
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
        default_factory=lambda: _looked_up_once(
            Histogram("gatehouse_request_seconds", "Time to answer.", ["path"], registry=None)
        )
    )
    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=True))

    def __post_init__(self) -> None:
        for instrument in (
            self.requests,
            self.operations,
            self.denials,
            self.gate_errors,
            self.store_reads,
            self.inbox_events,
            self.unknown_events,
            self.queue_depth,
            self.request_seconds,
        ):
            self.registry.register(instrument)


def configure_logging(level: str) -> None:
    """JSON lines on stderr, for ours and for every library's logger. Called once by a command, never by tests."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
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
