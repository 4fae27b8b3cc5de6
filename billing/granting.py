"""What one thing that was bought gives: its grants, limits and levels, dated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.model import Catalogue, Plan, Price
from gating.merge import Amount
from gating.model import Grant, LevelGrant, LimitGrant, Source


@dataclass(frozen=True, slots=True)
class Ends:
    """When what is given ends with no further event: all of it, and what `writes`, which may end earlier.

    `without_writes`: what writes is not given at all.
    """

    at: datetime | None = None
    writes_at: datetime | None = None
    writes: frozenset[str] = frozenset()
    without_writes: bool = False

    def before(self, instant: datetime | None) -> "Ends":
        """The same, none of it later than `instant`."""
        return Ends(earliest(self.at, instant), earliest(self.writes_at, instant), self.writes, self.without_writes)


@dataclass(frozen=True, slots=True)
class Share:
    """`plan`, as it was bought by `price`, and why it is given. `quantity` is for limits by the seat, 1 for others.

    `starts_at` is when its limits and levels begin to count. `again`: another item of the same plan, such as its usage
    beside its base, which adds only what depends on the quantity.
    """

    plan: Plan
    price: Price | None
    source: Source
    source_id: str
    quantity: int
    ends: Ends
    starts_at: datetime | None = None
    again: bool = False
    times: int = 1


def earliest(*instants: datetime | None) -> datetime | None:
    """None, which is never, where all of them are."""
    return min((instant for instant in instants if instant), default=None)


def grants_of(share: Share, catalogue: Catalogue) -> Iterator[Grant]:
    """Grandfathered is what comes with the price alone, or with an earlier version and no longer with the plan."""
    plan, ends = share.plan, share.ends
    extra = share.price.extra_features if share.price else frozenset[str]()
    current = catalogue.find_plan(plan.key) or plan
    for feature in plan.features | extra:
        source = share.source if feature in plan.features & current.features else Source.GRANDFATHERED
        writes = feature in ends.writes
        if not (writes and ends.without_writes):
            yield Grant(feature, source, share.source_id, plan.key, ends_at=ends.writes_at if writes else ends.at)


def limits_of(share: Share) -> Iterator[LimitGrant]:
    dates = {"starts_at": share.starts_at, "ends_at": share.ends.at}
    for limit in share.plan.limits:
        value = _times(limit.value, share.quantity if limit.per_quantity else share.times)
        if limit.per_quantity or not share.again:
            yield LimitGrant(limit.limit, value, share.source, share.source_id, **dates)


def levels_of(share: Share) -> Iterator[LevelGrant]:
    for level in share.plan.levels:
        dates = {"starts_at": share.starts_at, "ends_at": share.ends.at}
        yield LevelGrant(level.level, level.value, share.source, share.source_id, **dates)


def _times(value: Amount, quantity: int) -> Amount:
    return None if value is None else value * quantity
