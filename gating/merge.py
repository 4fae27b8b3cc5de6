"""How several reasons come to one value: one rule for each kind (docs/decisions/0006). Pure.

    feature   held when any grant gives it
    limit     what was granted adds up, over a floor: the most that everybody has anyway; no limit beats every number
    level     the highest on the catalogue's scale

Each rule only ever gains by one more grant. What takes away is an override, which is no grant: it replaces the
outcome, the member's own before those of its organisations, among these the most generous.
"""

from collections.abc import Iterable, Sequence

Amount = int | None
"""None is no limit."""


def merge_limits(floors: Iterable[Amount], granted: Iterable[Amount]) -> Amount:
    """The limit that `floors` (of the free plan) and `granted` (of all else) give together; 0 without any."""
    return most([*floors, add_up(granted)])


def add_up(amounts: Iterable[Amount]) -> Amount:
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def most(amounts: Iterable[Amount]) -> Amount:
    """The largest; 0 without any."""
    largest = 0
    for amount in amounts:
        if amount is None:
            return None
        largest = max(largest, amount)
    return largest


def highest(levels: Iterable[str], scale: Sequence[str]) -> str | None:
    """The level that stands last on `scale`, lowest first; a word that is not on it counts for nothing."""
    return max((level for level in levels if level in scale), key=scale.index, default=None)
