"""Connections to one Redis or Valkey, or to a cluster of them, with the bounds a cache needs."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from errors import Unavailable

CLUSTER = "+cluster"

RedisClient = Redis | RedisCluster


async def get_server_name(url: str) -> str:
    """What answers at `url`, with its version, as people say it. Raises Unavailable, saying why it does not answer."""
    client: Any = connect_redis(url, timeout_seconds=2)
    try:
        facts = await client.info("server")
    except (RedisError, OSError, ValueError) as fault:
        raise Unavailable(f"Redis does not answer: {fault}") from fault
    finally:
        await client.aclose()
    version = facts.get("valkey_version")
    return f"Valkey {version}" if version else f"Redis {facts['redis_version']}"


def connect_redis(url: str, *, timeout_seconds: float = 0.025, max_connections: int = 32) -> RedisClient:
    """A client for `redis://`, `rediss://` or `unix://`; `redis+cluster://` and `rediss+cluster://` name any node of
    a cluster. Opens no connection yet.

    Each reply is awaited for at most `timeout_seconds`. A stall of the event loop counts: who takes it for a fault of
    the server's must ask again soon. No command is sent again: its first copy may still be on its way, and
    of a fill token there must be one. Connections found dead are replaced before they are used.
    """
    scheme, _, rest = url.partition("://")
    once = Retry(NoBackoff(), 0)
    connect_timeout = 2 * timeout_seconds
    if scheme.endswith(CLUSTER):
        return RedisCluster.from_url(
            f"{scheme.removesuffix(CLUSTER)}://{rest}",
            max_connections=max_connections,
            require_full_coverage=False,
            protocol=2,  # half the client's CPU of RESP3
            retry=once,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=connect_timeout,
        )
    pools: Any = BlockingConnectionPool  # its `from_url` is not wholly typed
    pool = pools.from_url(
        url,
        max_connections=max_connections,
        timeout=timeout_seconds,
        protocol=2,
        retry=once,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=connect_timeout,
    )
    return Redis.from_pool(pool)
