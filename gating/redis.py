"""The shared, disposable copy of snapshots: written only under a fill token, never to a lower revision.

Publishing and filling are one operation: take the token, read the authority, put. The last taker of a token wins, so
whoever read before somebody else began is refused, and an eviction in between cannot bring an old value back.
Nothing is ever deleted to invalidate it.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import datetime
from typing import Any, TypeVar

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

from clock import Clock
from errors import Unavailable
from gating.codec import Unreadable, decode_snapshot, encode_snapshot
from gating.model import Snapshot
from storage.breaker import Breaker
from storage.cancelling import heed_cancellation
from storage.redis import RedisClient

FAULTS = (RedisError, OSError, TimeoutError)
CLOSED_UNDER_US = AttributeError
"""What a cluster's client lets happen that looks for its nodes anew: no server has failed."""

CHANNEL = "gatehouse:entitlements"
TOKEN_MILLISECONDS = 5_000
LONGEST_MILLISECONDS = 59_000
"""With the second that memory adds, no entry decides for more than a minute after the authority was read."""
SPREAD = 0.15
EMPTY_MILLISECONDS = 10_000
SILENCE_SECONDS = 1.0
RECONNECT_SECONDS = 0.5

PUT = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local current = tonumber(redis.call('HGET', KEYS[1], 'revision') or '') or -1
local revision = tonumber(ARGV[2])
if revision >= current then
  redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'snapshot', ARGV[3], 'hard_until', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
if revision > current then redis.call('PUBLISH', ARGV[6], ARGV[2] .. ' ' .. ARGV[7]) end
return 1
"""
"""KEYS: entry, token. ARGV: token, revision, snapshot, hard_until, milliseconds to live, channel, message but revision.

An equal revision is written again: it is the same content, read anew, and its `hard_until` may have moved on.
"""

T = TypeVar("T")


def _ignore(_seconds: float) -> None:
    """Measures nothing."""


class RedisSnapshots:
    """A SnapshotCache on Redis, Valkey or a cluster. Any failure is Unavailable; after five in a row at once.

    Nobody waits for a probe of whether it answers again: that is made beside whoever asks.
    """

    def __init__(
        self,
        redis: RedisClient,
        clock: Clock,
        breaker: Breaker | None = None,
        script: str = PUT,
        on_heard: Callable[[float], None] = _ignore,
    ) -> None:
        """`on_heard` is told of each publication how many seconds it came after the change was recorded."""
        # redis-py declares most replies as unions of the sync and the async one.
        self._redis: Any = redis
        self._clock = clock
        self._breaker = breaker or Breaker()
        self._script = script
        self._on_heard = on_heard
        self._probe: asyncio.Task[None] | None = None

    async def find(self, member_id: str) -> Snapshot | None:
        """The entry, unless its answer may have changed by itself since it was written."""
        entry, _ = _keys(member_id)
        data, until = await self._call(lambda: self._redis.hmget(entry, "snapshot", "hard_until"))
        if data is None or (until and self._clock.now() >= datetime.fromisoformat(until.decode())):
            return None
        try:
            return decode_snapshot(member_id, data)
        except Unreadable:  # another release's format: as good as nothing
            return None

    async def take_token(self, member_id: str) -> str:
        token = secrets.token_hex(8)
        _, key = _keys(member_id)
        await self._call(lambda: self._redis.set(key, token, px=TOKEN_MILLISECONDS))
        return token

    async def put(self, token: str, snapshot: Snapshot) -> bool:
        now = self._clock.now()
        until = snapshot.hard_until(now)
        arguments = [
            token,
            snapshot.revision,
            encode_snapshot(snapshot),
            "" if until is None else until.isoformat(),
            milliseconds_to_live(snapshot, now),
            CHANNEL,
            _message_of(snapshot),
        ]
        keys = _keys(snapshot.member_id)
        return bool(await self._call(lambda: self._redis.eval(self._script, len(keys), *keys, *arguments)))

    async def incarnation(self) -> str:
        """Which servers there are, and of which line of writes each is: a promoted replica begins another."""
        targets = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(self._redis, RedisCluster) else {}
        facts: dict[str, Any] = await self._call(lambda: self._redis.info("server", "replication", **targets))
        nodes = [facts] if "run_id" in facts else facts.values()
        return " ".join(sorted(f"{node['run_id']} {node['role']} {node['master_replid']}" for node in nodes))

    async def changes(self) -> AsyncGenerator[tuple[str, int] | None, None]:
        """For ever. None when listening begins, when it breaks off or falls silent, and with each vain attempt."""
        while True:
            try:
                async with aclosing(self._listen()) as messages:
                    async for message in messages:
                        yield message
            except (*FAULTS, CLOSED_UNDER_US):
                heed_cancellation()
            yield None
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> AsyncGenerator[tuple[str, int] | None, None]:
        pubsub = self._redis.pubsub(**await self._any_node())
        try:
            await pubsub.subscribe(CHANNEL)
            asked = False
            while True:
                message = await pubsub.get_message(timeout=SILENCE_SECONDS)
                heed_cancellation()
                if message is None and asked:
                    return
                if message is None:
                    await pubsub.ping()
                elif message["type"] == "subscribe":  # by redis-py itself too, after a reconnection
                    yield None
                elif message["type"] == "message":
                    yield self._heard(message["data"].decode())
                asked = message is None
        finally:
            await pubsub.aclose()

    def _heard(self, message: str) -> tuple[str, int]:
        change, ended, changed_at = message.rpartition("\n")
        if changed_at and ended:
            self._on_heard(self._clock.now().timestamp() - float(changed_at))
        revision, _, member_id = (change if ended else message).partition(" ")
        return member_id, int(revision)

    async def _any_node(self) -> dict[str, Any]:
        """In a cluster every node hears every message; another one each time, since one may be dead."""
        if not isinstance(self._redis, RedisCluster):
            return {}
        await self._redis.initialize()
        return {"node": random.choice(self._redis.get_primaries())}  # noqa: S311 - no secret

    async def _call(self, command: Callable[[], Awaitable[T]]) -> T:
        if self._breaker.is_open:
            if self._breaker.take_probe():
                self._probe = asyncio.create_task(self._look_again())
            raise Unavailable("The cache does not answer.")
        return await self._try(command)

    async def _try(self, command: Callable[[], Awaitable[T]]) -> T:
        try:
            result = await command()
        except (*FAULTS, CLOSED_UNDER_US) as fault:
            heed_cancellation()
            if not isinstance(fault, CLOSED_UNDER_US):
                self._breaker.failed()
            raise Unavailable("The cache does not answer.") from fault
        self._breaker.succeeded()
        heed_cancellation()
        return result

    async def _look_again(self) -> None:
        """Of a cluster's nodes it asks any one: while one of them is down, the others are not to be left alone."""
        with suppress(Unavailable):
            await self._try(lambda: self._redis.exists(secrets.token_hex(8)))


def milliseconds_to_live(snapshot: Snapshot, now: datetime) -> int:
    """Short for members who hold nothing now: they are the many, and the ones who are about to buy."""
    if not snapshot.features_at(now) and not snapshot.limits_at(now):
        return EMPTY_MILLISECONDS
    return round(LONGEST_MILLISECONDS * (1 - SPREAD * random.random()))  # noqa: S311 - no secret


def _message_of(snapshot: Snapshot) -> str:
    """The member, and on a line of its own when the change was recorded, in seconds, where that is known."""
    return f"{snapshot.member_id}\n{snapshot.changed_at.timestamp() if snapshot.changed_at else ''}"


def _keys(member_id: str) -> tuple[str, str]:
    return f"e:{{{member_id}}}", f"t:{{{member_id}}}"
