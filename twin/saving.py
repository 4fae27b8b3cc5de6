"""The twin's state as bytes and in its file, and back. The log begins anew; everything else goes on as it was."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from twin.account import Twin
from twin.core.agenda import clock_of
from twin.core.world import TIMERS
from twin.hooks.deliveries import Delivery
from twin.web import Web

EVERY_SECONDS = 1.0
BYTES_A_SECOND = 2_000_000
"""Of a large state; it is written the less often, so that writing takes a small part of the time only."""


class Unreadable(ValueError):
    """A file that holds no state of a twin, or that of another version."""


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


def read(twin: Twin, path: Path) -> None:
    """Raises Unreadable."""
    try:
        load(twin, path.read_bytes())
    except (ValueError, KeyError, TypeError) as fault:
        raise Unreadable(f"{path} does not hold a state that this twin can go on from: remove it.") from fault


def write(twin: Twin, path: Path) -> int:
    """All of it or nothing, and for nobody else's eyes: it holds the endpoints' secrets. Returns its bytes."""
    content = save(twin)
    _replace(path, content)
    return len(content)


async def keep(web: Web, path: Path) -> None:
    """For ever: writes what has changed about a second later, so that a twin that is killed forgets no more."""
    written, size = None, 0
    while True:
        if (changed := _mark(web)) != written:
            size = write(web.twin, path)
            written = changed
        await asyncio.sleep(max(EVERY_SECONDS, size / BYTES_A_SECOND))


def _mark(web: Web) -> tuple[float, ...]:
    post = web.twin.post
    return (len(web.twin.log), post.numbered, len(post.waiting), web.ahead)


@contextmanager
def announce(web: Web, path: Path | None, url: str) -> Generator[None]:
    """While the body runs the file says where the twin is, and how many seconds its time is ahead of the machine's."""
    if path is None:
        yield
        return

    def say() -> None:
        _replace(path, orjson.dumps({"url": url, "ahead": web.ahead}))

    say()
    web.on_advanced = say
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    new.touch(mode=0o600)
    new.write_bytes(content)
    new.replace(path)
