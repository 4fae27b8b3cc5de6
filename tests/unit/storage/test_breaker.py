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
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_at_the_fifth_failure_in_a_row() -> None:
    breaker = Breaker(monotonic=Stopwatch())
    for _ in range(4):
        breaker.failed()
    breaker.succeeded()
    for _ in range(4):
        breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()


def test_failures_far_apart_do_not_open_it() -> None:
    stopwatch = Stopwatch()
    breaker = Breaker(monotonic=stopwatch)
    for _ in range(20):
        breaker.failed()
        stopwatch.seconds += 0.3
    assert breaker.allows()


def test_one_probe_a_second_passes_while_it_is_open() -> None:
    stopwatch = Stopwatch()
    breaker = broken(stopwatch)
    passed = 0
    for _ in range(35):
        passed += breaker.allows()
        breaker.failed()
        stopwatch.seconds += 0.1
    assert passed == 3


def test_a_probe_that_succeeds_closes_it() -> None:
    stopwatch = Stopwatch()
    breaker = broken(stopwatch)
    stopwatch.seconds += 1
    assert [breaker.allows(), breaker.allows()] == [True, False]
    breaker.succeeded()
    assert [breaker.allows(), breaker.allows()] == [True, True]
    breaker.failed()
    assert breaker.allows()
