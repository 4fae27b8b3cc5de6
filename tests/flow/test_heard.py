"""A service measures how late it hears of changes, and tells it with its metrics."""

import asyncio
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from clock import SystemClock
from gating.model import Grant, Source
from gating.postgres import PostgresSnapshots
from gating.publish import publish_pending
from gating.record import record_grants
from gating.redis import RedisSnapshots
from identity.members import ensure_member
from identity.model import Kind, Principal
from storage.database import Database
from storage.redis import connect_redis
from tests.clock import FixedClock
from tests.flow.edge import Edge
from tests.parts import PATIENT_SECONDS


async def test_each_publication_is_heard_with_its_age(database: Database, redis_url: str) -> None:
    """Recorded three seconds before it is published."""
    clock, client = FixedClock(), connect_redis(redis_url, timeout_seconds=PATIENT_SECONDS)
    heard: list[float] = []
    cache = RedisSnapshots(client, clock, on_heard=heard.append)
    changes = cache.changes()
    assert await anext(changes) is None
    grant = Grant("downloads", Source.MANUAL, "gift_1")
    for member_id in ("ann", "a strange\nid 7"):
        async with database.transaction() as connection:
            await ensure_member(connection, member_id)
            await record_grants(
                connection, member_id, owner=member_id, grants=[grant], limits=(), cause="test", now=clock.now()
            )
        clock.at += timedelta(seconds=3)
        await publish_pending(database, PostgresSnapshots(database), cache)
        async with asyncio.timeout(5):
            assert await anext(changes) == (member_id, 1)
    await changes.aclose()
    await client.aclose()
    assert heard == [3.0, 3.0]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_histogram_is_among_the_metrics(edge: Edge) -> None:
    caller = Principal(Kind.MEMBER, "mem_heard")
    before = await heard_by(edge)
    await edge.grant(caller, "pro")
    deadline = SystemClock().now() + timedelta(seconds=5)
    while await heard_by(edge) <= before:
        assert SystemClock().now() < deadline, "nothing was heard of the change"
        await asyncio.sleep(0.05)


async def heard_by(edge: Edge) -> float:
    text = (await edge.client.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return next(each.value for each in samples if each.name == "gatehouse_propagation_seconds_count")
