"""What is told of counts and durations is what the library's own instruments would tell."""

import random

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from counting import BOUNDS, Counter, Histogram
from telemetry import Metrics


def told(*instruments: Collector) -> list[str]:
    """As Prometheus reads it, without the times at which the library began to count."""
    registry = CollectorRegistry(auto_describe=True)
    for instrument in instruments:
        registry.register(instrument)
    return sorted(line for line in generate_latest(registry).decode().splitlines() if "_created" not in line)


def test_counts() -> None:
    ours, theirs = (
        Counter("asked", "Asked.", ["path", "status"]),
        prometheus_client.Counter("asked", "Asked.", ["path", "status"], registry=None),
    )
    for path, status in [("/a", "200"), ("/b", "200"), ("/a", "200"), ('/"\\', "500")]:
        ours.labels(path, status).inc()
        theirs.labels(path, status).inc()
    assert told(ours) == told(theirs)
    assert ours.labels("/a", "200") is ours.labels("/a", "200")


def test_a_counter_without_labels_is_told_before_it_counts() -> None:
    ours, theirs = Counter("fell", "Fell.", []), prometheus_client.Counter("fell", "Fell.", registry=None)
    assert told(ours) == told(theirs)
    ours.inc()
    theirs.inc()
    assert told(ours) == told(theirs)


@pytest.mark.parametrize("values", [(), ("/a",), ("/a", "200", "x")])
def test_what_does_not_fit_the_labels_is_no_count(values: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="counted by"):
        Counter("asked", "Asked.", ["path", "status"]).labels(*values)


def test_durations() -> None:
    ours = Histogram("took", "Took.", ["path"])
    theirs = prometheus_client.Histogram("took", "Took.", ["path"], registry=None)
    chance = random.Random(1)
    for seconds in [*BOUNDS, 0.0, 60.0, *(chance.expovariate(20) for _ in range(500))]:
        path = chance.choice("ab")
        ours.labels(path).observe(seconds)
        theirs.labels(path).observe(seconds)
    assert told(ours) == told(theirs)


def test_durations_between_bounds_of_their_own() -> None:
    ours = Histogram("lagged", "Lagged.", bounds=(0.5, 1, 20))
    theirs = prometheus_client.Histogram("lagged", "Lagged.", buckets=(0.5, 1, 20), registry=None)
    assert told(ours) == told(theirs)
    for seconds in (0.1, 1, 5, 50):
        ours.observe(seconds)
        theirs.observe(seconds)
    assert told(ours) == told(theirs)


def test_everything_counted_is_registered() -> None:
    metrics = Metrics()
    metrics.operations.labels("ok").inc()
    assert metrics.registry.get_sample_value("gatehouse_operations_total", {"outcome": "ok"}) == 1
    names = {family.name for family in metrics.registry.collect()}
    assert {"gatehouse_requests", "gatehouse_request_seconds", "gatehouse_queue_depth", "gatehouse_denials"} <= names
