"""What goes wrong on the way, in stretches of rounds."""

from dataclasses import dataclass
from random import Random

from twin.hooks.chaos import Chaos


@dataclass(frozen=True, slots=True)
class Weather:
    """`away`: how often our endpoint answers 503. `lossy`: news may not come at all until a backfill has run."""

    rounds: int
    chaos: Chaos
    away: float = 0.0
    lossy: bool = False


def ruffled(dice: Random, rounds: int) -> Weather:
    """Deliveries twice, late, overtaken and all at once; slow answers. All news comes within a quarter of a second.

    That is what two seconds leave room for, on a machine as slow as any that tests run on: a second lies between two
    syncs of a customer, and one that begins right before a dispute arrives knows nothing of it, while the next has half
    a dozen answers to wait for.
    """
    burst = dice.choice([0.0, 0.1])
    chaos = Chaos(duplicate=0.2, reorder=0.4, reorder_seconds=0.15, burst_seconds=burst, api_slow_seconds=0.03)
    return Weather(rounds, chaos)


def foul(rounds: int) -> Weather:
    """Deliveries also lost, our endpoint also away, the API also refusing, breaking, losing answers and hanging."""
    chaos = Chaos(
        duplicate=0.2,
        reorder=0.4,
        reorder_seconds=3,
        delay_seconds=0.2,
        drop=0.25,
        api_429=0.06,
        api_500=0.06,
        api_lost=0.03,
        api_timeout=0.01,
        api_slow_seconds=0.3,
    )
    return Weather(rounds, chaos, away=0.1, lossy=True)
