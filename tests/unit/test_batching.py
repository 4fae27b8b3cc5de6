"""What is asked at the same time is done by one call, and nobody is answered by what began before he asked."""

import asyncio
from collections.abc import Sequence

from batching import MOST, Batching
from errors import Unavailable


async def test_what_is_asked_in_one_turn_is_one_call() -> None:
    calls: list[list[str]] = []

    async def answer(questions: Sequence[str]) -> Sequence[str]:
        calls.append(list(questions))
        return [each.upper() for each in questions]

    batching = Batching(answer, at_once=1)
    assert await asyncio.gather(*map(batching.ask, "aba")) == ["A", "B", "A"]
    assert calls == [["a", "b", "a"]]


async def test_nobody_gets_what_was_read_before_he_asked() -> None:
    reads: list[list[str]] = []
    begun = asyncio.Event()

    async def read(keys: Sequence[str]) -> Sequence[int]:
        reads.append(list(keys))
        begun.set()
        await asyncio.sleep(0)
        return [len(reads)] * len(keys)

    batching = Batching(read, at_once=2)
    first = asyncio.ensure_future(batching.ask("a"))
    await begun.wait()
    assert await asyncio.gather(batching.ask("a"), batching.ask("b")) == [2, 2]
    assert (await first, reads) == (1, [["a"], ["a", "b"]])


async def test_at_most_so_many_calls_are_under_way_and_the_rest_waits_together() -> None:
    calls: list[list[int]] = []
    go_on = asyncio.Event()

    async def answer(questions: Sequence[int]) -> Sequence[int]:
        calls.append(list(questions))
        await go_on.wait()
        return questions

    batching = Batching(answer, at_once=2)
    asked: list[asyncio.Future[int]] = []
    for number in range(6):
        asked.append(asyncio.ensure_future(batching.ask(number)))
        await asyncio.sleep(0.001)
    assert calls == [[0], [1]]
    go_on.set()
    assert await asyncio.gather(*asked) == list(range(6))
    assert calls == [[0], [1], [2, 3, 4, 5]]


async def test_whoever_was_answered_may_ask_again_at_once() -> None:
    async def answer(questions: Sequence[int]) -> Sequence[int]:
        return questions

    batching = Batching(answer, at_once=1)
    async with asyncio.timeout(5):
        assert [await batching.ask(number) for number in range(3)] == [0, 1, 2]


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    async def read(keys: Sequence[str]) -> Sequence[str]:
        await asyncio.sleep(0.01)
        return list(keys)

    batching = Batching(read, at_once=1)
    gone, stays = (asyncio.ensure_future(batching.ask("a")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == "a"
    assert gone.cancelled()


async def test_what_cannot_be_done_with_the_others_is_done_alone() -> None:
    async def read(keys: Sequence[str]) -> Sequence[str]:
        if "bad" in keys:
            raise ValueError("bad")
        return list(keys)

    batching = Batching(read, at_once=1)
    good, bad = await asyncio.gather(batching.ask("good"), batching.ask("bad"), return_exceptions=True)
    assert (good, type(bad)) == ("good", ValueError)


async def test_a_silent_database_is_asked_once() -> None:
    reads: list[list[str]] = []

    async def read(keys: Sequence[str]) -> Sequence[str]:
        reads.append(list(keys))
        raise Unavailable("not now")

    batching = Batching(read, at_once=1)
    told = await asyncio.gather(*map(batching.ask, "abc"), return_exceptions=True)
    assert [type(each) for each in told] == [Unavailable] * 3
    assert reads == [["a", "b", "c"]]
    [told_again] = await asyncio.gather(batching.ask("d"), return_exceptions=True)
    assert (type(told_again), reads[1:]) == (Unavailable, [["d"]])


async def test_many_questions_are_asked_in_parts() -> None:
    calls: list[int] = []

    async def answer(questions: Sequence[int]) -> Sequence[int]:
        calls.append(len(questions))
        return questions

    batching = Batching(answer, at_once=1)
    every = range(2 * MOST + 1)
    assert await asyncio.gather(*map(batching.ask, every)) == list(every)
    assert calls == [MOST, MOST, 1]
