"""From samples to figures. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median


@dataclass(frozen=True, slots=True)
class Change:
    """How much more `after` costs than `before`: medians of the per-pair ratio less one, so 0.05 is 5 % more.

    `upper` bounds the median from above and `lower` from below, each with 95 % confidence.
    """

    pairs: int
    median: float
    lower: float
    upper: float


def change_of(pairs: Sequence[tuple[float, float]]) -> Change:
    """The change from the first of each pair to the second. Raises ValueError for fewer than five pairs.

    The bounds are order statistics of the ratios (the sign test turned round): exact for any distribution, so that a
    few rounds disturbed by the machine move them little.
    """
    ratios = sorted(after / before for before, after in pairs)
    rank = _bound_rank(len(ratios))
    return Change(len(ratios), median(ratios) - 1, ratios[-rank] - 1, ratios[rank - 1] - 1)


def _bound_rank(count: int, confidence: float = 0.95) -> int:
    """The least k for which the k-th smallest of `count` values is above the median with `confidence`."""
    below = 0
    for rank in range(1, count + 1):
        below += comb(count, rank - 1)
        if below >= confidence * 2**count:
            return rank
    raise ValueError(f"{count} pairs are too few for a bound: measure at least 5")
