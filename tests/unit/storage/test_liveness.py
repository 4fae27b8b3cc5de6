"""A wait that lasts ends only when the server itself is silent."""

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from storage.liveness import Address, Liveness, addresses_of, any_answers

pytestmark = pytest.mark.alone

URLS: dict[str, tuple[Address, ...]] = {
    "postgresql://me@db.example:6000/x": (("db.example", 6000),),
    "postgresql://me@db.example/x": (("db.example", 5432),),
    "postgresql://me@/x": (("localhost", 5432),),
    "postgresql://me@/x?host=/run/pg": ("/run/pg/.s.PGSQL.5432",),
    "postgresql://me@/x?host=/run/pg&port=5433": ("/run/pg/.s.PGSQL.5433",),
    "postgresql://me@/x?host=one,two&port=1,2": (("one", 1), ("two", 2)),
    "postgresql://me@/x?host=one:7&host=two:8": (("one", 7), ("two", 8)),
}


@pytest.mark.parametrize("url", URLS)
def test_where_a_server_listens(url: str) -> None:
    assert addresses_of(make_url(url)) == URLS[url]


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[str]:
    """A server that accepts and says nothing, as a stopped process does."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        yield path


def test_silence_and_absence_are_no_answer(silent: str, tmp_path: Path) -> None:
    assert not any_answers([silent, str(tmp_path / "nobody")], 0.1)


async def test_a_silent_server_ends_the_wait_within_a_second(silent: str) -> None:
    liveness = Liveness(lambda: any_answers([silent]))
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        async with liveness.watch():
            await asyncio.sleep(30)
    assert time.monotonic() - begun < 2
    with pytest.raises(TimeoutError):  # and sooner while it is known
        async with liveness.watch():
            await asyncio.sleep(30)


async def test_a_slow_answer_of_a_living_server_is_waited_for() -> None:
    asked: list[float] = []

    def alive() -> bool:
        asked.append(time.monotonic())
        return True

    async with Liveness(alive).watch():
        await asyncio.sleep(1.3)
    assert len(asked) >= 2


async def test_waits_that_last_together_share_a_question() -> None:
    asked: list[float] = []

    def alive() -> bool:
        asked.append(time.monotonic())
        time.sleep(0.2)
        return True

    liveness = Liveness(alive)

    async def wait() -> None:
        async with liveness.watch():
            await asyncio.sleep(0.65)

    await asyncio.gather(*(wait() for _ in range(20)))
    assert len(asked) == 1


async def test_a_living_server_is_not_waited_for_longer_than_was_agreed() -> None:
    liveness, given_up = Liveness(lambda: True), asyncio.Event()
    patient, impatient = liveness.begin(lambda: None), liveness.begin(given_up.set, longest_seconds=0.5)
    async with asyncio.timeout(3):
        await given_up.wait()
    assert (impatient.given_up, patient.given_up) == (True, False)
    liveness.end(patient)
    liveness.end(impatient)


async def test_a_wait_that_has_ended_is_not_given_up(silent: str) -> None:
    liveness, given_up = Liveness(lambda: any_answers([silent])), list[str]()
    for name in ("first", "second"):
        liveness.end(liveness.begin(lambda name=name: given_up.append(name)))
    late = liveness.begin(lambda: given_up.append("late"))
    await asyncio.sleep(1)
    assert (given_up, late.given_up) == (["late"], True)
    liveness.end(late)


async def test_waits_that_begin_while_the_server_is_asked_share_its_silence(silent: str) -> None:
    liveness, begun = Liveness(lambda: any_answers([silent], 0.4)), time.monotonic()

    async def wait(delay: float) -> None:
        await asyncio.sleep(delay)
        async with liveness.watch():
            await asyncio.sleep(30)

    outcomes = await asyncio.gather(*(wait(delay) for delay in (0, 0.4, 0.5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [TimeoutError] * 3
    assert time.monotonic() - begun < 1.1  # 0.35 until asked, 0.4 of silence; another question would take as long again
