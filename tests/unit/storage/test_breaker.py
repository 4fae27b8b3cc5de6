"""The breaker opens after failures in a row, lets probes through, and closes at the first success."""

from dataclasses import dataclass

from storage.breaker import Breaker


@dataclass
class Stopwatch:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def broken(stopwatch: Stopwatch) -> Breaker:
    breaker = Breaker(monotonic=stopwatch)
    for _ in range(5):
        assert not breaker.is_open
        breaker.failed()
    return breaker


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    breaker = Breaker(monotonic=Stopwatch())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    for _ in range(4):
        breaker.failed()
    assert not breaker.is_open
    breaker.failed()
    assert breaker.is_open


def test_failures_far_apart_do_not_open_it() -> None:
    stopwatch = Stopwatch()
    breaker = Breaker(monotonic=stopwatch)
    for _ in range(20):
        breaker.failed()
        stopwatch.seconds += 0.3
    assert not breaker.is_open


def test_while_it_is_open_a_probe_is_due_at_once_and_then_each_second() -> None:
    stopwatch = Stopwatch()
    breaker = broken(stopwatch)
    taken: list[int] = []
    for step in range(28):
        if breaker.take_probe():
            taken.append(step)
            breaker.failed()
        stopwatch.seconds += 0.125
    assert taken == [0, 8, 16, 24]


def test_a_probe_that_succeeds_closes_it() -> None:
    breaker = broken(Stopwatch())
    assert [breaker.take_probe(), breaker.take_probe()] == [True, False]
    breaker.succeeded()
    assert not breaker.is_open
    breaker.failed()
    assert not breaker.is_open


def test_no_probe_is_due_while_it_is_closed() -> None:
    assert not Breaker(monotonic=Stopwatch()).take_probe()
