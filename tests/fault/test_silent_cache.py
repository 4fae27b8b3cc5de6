"""Redis falls silent: after a few failures nobody waits for it any more, and it is found again by itself."""

import asyncio
from typing import Any

import pytest

from errors import Unavailable
from gating.redis import RedisSnapshots
from storage.breaker import Breaker
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.fault.breakable import eventually
from tests.fault.proxy import proxied
from tests.parts import SessionParts

PROBE_SECONDS = 0.1


async def test_nobody_waits_for_a_silent_cache_and_it_is_found_again(parts: SessionParts, clock: FixedClock) -> None:
    await parts.empty_redis()
    socket = parts.running.addresses.valkey.socket
    async with proxied(lambda: asyncio.open_unix_connection(socket)) as proxy:
        client: Any = connect_redis(f"redis://127.0.0.1:{proxy.port}")
        cache = RedisSnapshots(client, clock, Breaker(probe_seconds=PROBE_SECONDS))

        async def answers() -> bool:
            try:
                return await cache.find("ann") is None
            except Unavailable:
                return False

        await eventually(answers)
        proxy.fall_silent()
        for _ in range(5):
            with pytest.raises(Unavailable):
                await cache.find("ann")
        for _ in range(20):  # in the time of several probes
            with pytest.raises(Unavailable):
                cache.find("ann").send(None)  # at its first step: it has waited for nothing
            await asyncio.sleep(PROBE_SECONDS / 4)
        await proxy.mend()
        await eventually(answers)
        await client.aclose()
