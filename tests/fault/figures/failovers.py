"""A12: a cluster's primary fails over to a replica that lacks the last writes, again and again."""

import asyncio
import tempfile
import time
from pathlib import Path

from tests.clock import FixedClock
from tests.fault.breakable import Breakable, eventually
from tests.fault.figures.model import Figure, Scale
from tests.fault.load import Scene, playing
from tests.valkey_cluster import Cluster, running_cluster

MEMBERS = 24
BAR_SECONDS = 5.0


async def measure_failovers(breakable: Breakable, scale: Scale) -> list[Figure]:
    healed: list[float] = []
    lost = 0
    with tempfile.TemporaryDirectory(prefix="gatehouse-test-") as folder:
        cluster = running_cluster(Path(folder), replicas=True)
        nodes = await asyncio.to_thread(cluster.__enter__)
        try:
            clock = FixedClock()
            async with playing(breakable.addresses.app_url, nodes.url, clock, members=MEMBERS) as scene:
                for number in range(scale.failovers):
                    stale, seconds = await lose_writes(scene, nodes, number % len(nodes.primaries))
                    healed, lost = [*healed, seconds], lost + stale
        finally:
            await asyncio.to_thread(cluster.__exit__, None, None, None)
    slowest = max(healed)
    bar = "a failover that loses the last writes, x 200: nothing stale after 5 s"
    measured = f"{len(healed)} failovers lost {lost} entries; true again after {slowest:.1f} s at most"
    return [Figure("A12", bar, measured, slowest <= BAR_SECONDS and lost > 0)]


async def lose_writes(scene: Scene, nodes: Cluster, place: int) -> tuple[int, float]:
    """How many entries were stale right after, and for how long any was."""
    await asyncio.to_thread(nodes.cut_replication)
    for _ in range(2 * MEMBERS):
        await scene.load.truth.change()
    await eventually(scene.cache_agrees, 30)
    await asyncio.to_thread(nodes.promote, place)
    began = time.monotonic()
    stale = len(await scene.stale())
    await eventually(scene.nothing_stale, 60)
    seconds = time.monotonic() - began
    await asyncio.to_thread(nodes.restore, place)
    return stale, seconds
