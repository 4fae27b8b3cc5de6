"""Operations that ask in the same turn of the loop are answered by one statement, each with its own."""

import asyncio
from collections.abc import Sequence

from errors import Unavailable
from resolvers.in_turn import InTurn
from storage.database import connect
from tests.clock import FixedClock
from tests.flow.served import ENTERPRISE, FREE, PRO, member, serve
from tests.parts import DatabaseUrls

ME = "{ me { id usage { meter used } } }"


async def test_many_members_ask_at_once_and_each_gets_its_own(
    database_urls: DatabaseUrls, redis_url: str, clock: FixedClock
) -> None:
    log: list[str] = []
    database = connect(database_urls.app, query_logger=log.append)
    async with serve(database, redis_url, clock) as served:
        callers = [FREE, PRO, ENTERPRISE, PRO]
        for each in callers:
            await served.data(ME, member(each))  # so that what they hold is in memory
        log.clear()
        answers = await asyncio.gather(*(served.data(ME, member(each)) for each in callers))
        assert [answer["me"]["id"] for answer in answers] == callers
        assert len(log) == 1
    await database.close()


async def test_nobody_gets_what_was_read_before_he_asked() -> None:
    reads: list[list[str]] = []
    begun = asyncio.Event()

    async def read(keys: Sequence[str]) -> Sequence[int]:
        reads.append(list(keys))
        begun.set()
        await asyncio.sleep(0)
        return [len(reads)] * len(keys)

    turn = InTurn(read)
    first = asyncio.ensure_future(turn.load("a"))
    await begun.wait()
    assert await asyncio.gather(turn.load("a"), turn.load("b"), turn.load("a")) == [2, 2, 2]
    assert (await first, reads) == (1, [["a"], ["a", "b"]])


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    async def read(keys: Sequence[str]) -> Sequence[str]:
        await asyncio.sleep(0.01)
        return list(keys)

    turn = InTurn(read)
    gone, stays = (asyncio.ensure_future(turn.load("a")) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == "a"
    assert gone.cancelled()


async def test_what_cannot_be_read_with_the_others_is_read_alone() -> None:
    async def read(keys: Sequence[str]) -> Sequence[str]:
        if "bad" in keys:
            raise ValueError("bad")
        return list(keys)

    turn = InTurn(read)
    good, bad = await asyncio.gather(turn.load("good"), turn.load("bad"), return_exceptions=True)
    assert (good, type(bad)) == ("good", ValueError)


async def test_a_silent_database_is_asked_once() -> None:
    reads: list[list[str]] = []

    async def read(keys: Sequence[str]) -> Sequence[str]:
        reads.append(list(keys))
        raise Unavailable("not now")

    turn = InTurn(read)
    told = await asyncio.gather(*map(turn.load, "abc"), return_exceptions=True)
    assert [type(each) for each in told] == [Unavailable] * 3
    assert reads == [["a", "b", "c"]]


async def test_large_turns_are_read_in_parts() -> None:
    reads: list[int] = []

    async def read(keys: Sequence[int]) -> Sequence[int]:
        reads.append(len(keys))
        return keys

    turn = InTurn(read, most=4)
    assert await asyncio.gather(*map(turn.load, range(10))) == list(range(10))
    assert reads == [4, 4, 2]
