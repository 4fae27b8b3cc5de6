"""Every measurement by name."""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from tests.fault.breakable import Breakable
from tests.fault.figures.core import measure_core
from tests.fault.figures.drifts import measure_drifts
from tests.fault.figures.failovers import measure_failovers
from tests.fault.figures.kills import measure_kills
from tests.fault.figures.model import Figure, Scale
from tests.fault.figures.orders import every_history, measure_bursts, measure_shuffles
from tests.fault.figures.outages import (
    CRASH_PARTS,
    PAIRS,
    POSTGRES,
    REDIS,
    STRIPE,
    WORKER,
    measure_alone,
    measure_crashes,
    measure_pair,
)
from tests.fault.figures.reads import measure_reads

WORKER_PARTS = 4
"""Into which a worker's many steps are divided: each kill waits for the end of a lease."""

MEASUREMENTS: Mapping[str, Callable[[Breakable, Scale], Coroutine[Any, Any, list[Figure]]]] = {
    **{f"shuffles {place + 1:02}": partial(measure_shuffles, place) for place in range(len(every_history()))},
    "core": measure_core,
    "bursts": measure_bursts,
    "kills of the web": partial(measure_kills, "web"),
    **{
        f"kills of the worker {part}": partial(measure_kills, "worker", first=part, every=WORKER_PARTS)
        for part in range(1, WORKER_PARTS + 1)
    },
    "kills of the publisher": partial(measure_kills, "publisher"),
    "reads": measure_reads,
    "redis": partial(measure_alone, "Redis", REDIS),
    "postgres": partial(measure_alone, "PostgreSQL", POSTGRES),
    "stripe": partial(measure_alone, "Stripe", STRIPE),
    "worker": partial(measure_alone, "the worker", WORKER),
    **{f"pairs of {one} and {other}": partial(measure_pair, (one, other)) for one, other in PAIRS},
    **{f"crashes {part}": partial(measure_crashes, part) for part in range(1, CRASH_PARTS + 1)},
    "failovers": measure_failovers,
    "drifts": measure_drifts,
}
