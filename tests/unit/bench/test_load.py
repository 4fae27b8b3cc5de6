"""A load run counts for nothing unless every answer was the expected one."""

import json

import pytest

from bench.faults import RunFailed, Unanswered
from bench.load import counts_of

GOOD = {"requests": 10, "microseconds": 1000000, "p50": 1.0, "p99": 2.0}
NOTHING_BAD = {"refused": 0, "different": 0, "repeated": 0, "broken": 0}


def output(**changes: int) -> str:
    return "Running 1s test\n\n500 oops\n" + json.dumps(GOOD | NOTHING_BAD | changes) + "\n"


def test_good_answers_are_counted() -> None:
    assert counts_of(output(), "u")["requests"] == 10


@pytest.mark.parametrize("what", NOTHING_BAD)
def test_one_bad_answer_fails_the_run(what: str) -> None:
    with pytest.raises(RunFailed, match=f"1 of 10 answers of u were {what}: 500 oops"):
        counts_of(output(**{what: 1}), "u")


def test_no_answer_fails_the_run() -> None:
    with pytest.raises(Unanswered, match="answered nothing"):
        counts_of(output(requests=0), "u")
