"""What the Redis adapter does about its client's manners; all else is held by the contract suite on real servers."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from errors import Unavailable
from gating.redis import RedisSnapshots
from tests.clock import FixedClock


@dataclass
class Deaf:
    """Answers, or fails, where it is cancelled, as redis-py may before Python 3.12."""

    fault: Exception | None

    async def hmget(self, *_: object) -> list[None]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        if self.fault:
            raise self.fault
        return [None, None]


class Closed:
    """A cluster's client, while it looks for its nodes anew."""

    async def hmget(self, *_: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'writelines'")


async def test_a_connection_closed_under_us_is_an_outage_like_any_other() -> None:
    closed: Any = Closed()
    with pytest.raises(Unavailable):
        await RedisSnapshots(closed, FixedClock()).find("ann")


@pytest.mark.parametrize("fault", [None, TimeoutError(), ConnectionError()], ids=repr)
async def test_a_cancellation_that_the_client_swallows_is_heeded(fault: Exception | None) -> None:
    deaf: Any = Deaf(fault)
    asking = asyncio.create_task(RedisSnapshots(deaf, FixedClock()).find("ann"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
