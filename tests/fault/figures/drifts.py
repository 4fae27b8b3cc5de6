"""A15: what we hold differs from Stripe in as many ways as there are, and one reconciliation sets it right."""

import random

from storage.database import connect
from tests.clock import FixedClock
from tests.fault.breakable import Breakable
from tests.fault.figures.model import Figure, Scale
from tests.flow.drift import corrupt_and_reconcile, kept_house

SOUND = 0.1
"""Of the customers, those left as they are: nothing may be said of them."""


async def measure_drifts(breakable: Breakable, scale: Scale) -> list[Figure]:
    database = connect(breakable.addresses.app_url)
    customers = round(scale.corruptions / (1 - SOUND))
    try:
        async with kept_house(database, breakable.addresses.redis_url, FixedClock(), customers) as house:
            false = len(await house.run())
            verdict = await corrupt_and_reconcile(house, random.Random(15), customers, scale.corruptions)
    finally:
        await database.close()
    found, wrong = scale.corruptions - len(verdict.missed), len(verdict.unmended) + verdict.again
    false += len(verdict.accused)
    bar = "1 000 random corruptions of projection, cache and events: found and mended in one pass, 0 false differences"
    measured = f"{found} of {scale.corruptions} found in {customers} customers, {wrong} left wrong, {false} false"
    return [Figure("A15", bar, measured, found == scale.corruptions and wrong == false == 0)]
