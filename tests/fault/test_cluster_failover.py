"""A real Valkey cluster that loses the last writes in a failover, and nodes of it killed and paused under reads."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.clock import FixedClock
from tests.fault.breakable import eventually
from tests.fault.load import Scene, playing
from tests.parts import DatabaseUrls
from tests.valkey_cluster import Cluster, running_cluster

pytestmark = [
    pytest.mark.alone,
    # redis-py drops connections to nodes that have left without closing them.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MEMBERS = 24
"""So that every node has some."""
HEALED_SECONDS = 5.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path, replicas=True) as cluster:
        yield cluster


@pytest.fixture
async def scene(cluster: Cluster, database_urls: DatabaseUrls, clock: FixedClock) -> AsyncIterator[Scene]:
    async with playing(database_urls.app, cluster.url, clock, members=MEMBERS) as scene:
        yield scene


async def change_all(scene: Scene) -> None:
    for _ in range(4 * MEMBERS):
        await scene.load.truth.change()


@pytest.mark.parametrize("how", ["killed", pytest.param("alive", marks=pytest.mark.soak)])
async def test_a_failover_that_loses_the_last_writes(scene: Scene, cluster: Cluster, how: str) -> None:
    """`alive`: the primary is demoted while it answers, as by an operator, so that no connection breaks."""
    await change_all(scene)
    await eventually(scene.cache_agrees)

    async def lose() -> None:
        await asyncio.sleep(1.5)
        await asyncio.to_thread(cluster.cut_replication)
        await change_all(scene)
        await eventually(scene.cache_agrees)
        await asyncio.sleep(1.5)  # memories have forgotten, nothing is being published
        if how == "killed":
            cluster.primaries[0].kill()
        await asyncio.to_thread(cluster.promote, 0)
        await eventually(scene.something_stale)  # had the replica everything, this would show nothing
        await asyncio.sleep(HEALED_SECONDS)
        assert await scene.stale() == []
        scene.load.wrong.clear()  # while it heals, an answer may be of the replica's time
        await asyncio.sleep(2)

    await scene.under_load(lose(), changing=False)
    await eventually(scene.cache_agrees)
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0


@pytest.mark.parametrize("how", ["paused", pytest.param("killed", marks=pytest.mark.soak)])
async def test_a_node_fails_under_reads_and_its_replica_takes_over(scene: Scene, cluster: Cluster, how: str) -> None:
    node = cluster.primaries[1]

    async def fail() -> None:
        await asyncio.sleep(1)
        (node.kill if how == "killed" else node.pause)()
        await eventually(lambda: asyncio.to_thread(lambda: cluster.replicas[1].role() == "master"), 15)
        await asyncio.sleep(2)
        (node.start if how == "killed" else node.resume)()
        await asyncio.sleep(2)

    await scene.under_load(fail(), changing=True)
    await eventually(scene.cache_agrees)
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0
    assert scene.load.right > 1000


@pytest.mark.soak
async def test_a_node_without_its_replica_is_spared(scene: Scene, cluster: Cluster) -> None:
    """Its members are read from PostgreSQL while it is down; the other nodes are not left alone for it."""
    cluster.replicas[2].kill()

    async def fail() -> None:
        await asyncio.sleep(1)
        cluster.primaries[2].kill()
        await asyncio.sleep(5)
        cluster.primaries[2].start()
        await asyncio.sleep(3)

    await scene.under_load(fail(), changing=True)
    await eventually(scene.cache_agrees)
    assert scene.load.wrong == []
    assert scene.load.unavailable == 0
