"""Every measurement by name."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from tests.fault.breakable import Breakable
from tests.fault.figures.drifts import measure_drifts
from tests.fault.figures.failovers import measure_failovers
from tests.fault.figures.kills import measure_kills
from tests.fault.figures.model import Figure, Scale
from tests.fault.figures.orders import measure_orders
from tests.fault.figures.outages import measure_outages
from tests.fault.figures.reads import measure_reads

MEASUREMENTS: Mapping[str, Callable[[Breakable, Scale], Coroutine[Any, Any, list[Figure]]]] = {
    "orders": measure_orders,
    "kills": measure_kills,
    "reads": measure_reads,
    "outages": measure_outages,
    "failovers": measure_failovers,
    "drifts": measure_drifts,
}
