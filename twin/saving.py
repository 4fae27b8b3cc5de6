"""The twin's state as bytes, and back. The log begins anew; everything else goes on as it was."""

from typing import Any

import orjson

from twin.account import Twin
from twin.core.agenda import clock_of
from twin.core.world import TIMERS
from twin.hooks.deliveries import Delivery


def save(twin: Twin) -> bytes:
    world = twin.world
    return orjson.dumps(
        {
            "now": world.now,
            "seed": world.ids.seed,
            "drawn": dict(world.ids.drawn),
            "objects": list(world.store.objects.values()),
            "waiting": [
                [each.at, each.number, each.event, each.endpoint, each.attempt, each.made] for each in twin.post.waiting
            ],
        }
    )


def load(twin: Twin, saved: bytes) -> None:
    """Fills a new twin. What fell due while it was not running happens when its time next moves."""
    held: dict[str, Any] = orjson.loads(saved)
    world = twin.world
    world.now, world.ids.seed = held["now"], held["seed"]
    world.ids.drawn.update(held["drawn"])
    for version in held["objects"]:
        world.store.save(version, held["now"])
        timed = TIMERS.get(version["object"])
        due = timed[0](version) if timed else None
        if due is not None:
            world.agenda.note(clock_of(version), due, version["id"])
    world.store.commit()
    twin.post.waiting = sorted(Delivery(*each) for each in held["waiting"])
    twin.post.numbered = max((each.number for each in twin.post.waiting), default=0)
