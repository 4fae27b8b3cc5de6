"""What the Redis adapter does about its client's manners; all else is held by the contract suite on real servers."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from gating.redis import RedisSnapshots
from tests.clock import FixedClock


class Deaf:
    """Answers where it is cancelled, as redis-py may before Python 3.12."""

    async def hmget(self, *_: object) -> list[None]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return [None, None]


async def test_a_cancellation_that_the_client_swallows_is_heeded() -> None:
    deaf: Any = Deaf()
    asking = asyncio.create_task(RedisSnapshots(deaf, FixedClock()).find("ann"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
