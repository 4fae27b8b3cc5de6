"""Operations that ask at the same time are answered by one statement, each with its own."""

import asyncio

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
