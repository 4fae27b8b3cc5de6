"""Experiments: for some time, some members have other things for nothing than the catalogue says. Pure.

Who is in which variant follows from the ids alone, so every process says the same and nothing is stored. Raising a
variant's weight moves members into it and between no others (weighted rendezvous hashing).
"""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gating.values import Value, ValueKind, Variation, refuse_misfit, refuse_naive

BITS = 53
"""As many as a float has, so that each is one."""


@dataclass(frozen=True, slots=True)
class Change:
    """`value` is what is had for nothing of `key`, instead of what the default plan gives."""

    kind: ValueKind
    key: str
    value: Value

    def __post_init__(self) -> None:
        refuse_misfit(self.kind, self.key, self.value)


@dataclass(frozen=True, slots=True)
class Variant:
    """`weight` is 0 or more, its share of all weights that of the members; without `changes` it is what there was."""

    name: str
    weight: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """`plans` are those whose members take part, all when empty. From `starts_at` until `ends_at`; None: unbounded."""

    key: str
    variants: tuple[Variant, ...]
    plans: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        refuse_naive(self.starts_at, self.ends_at)

    def variant_of(self, member_id: str) -> Variant | None:
        """None when no variant has any weight."""
        weighed = [variant for variant in self.variants if variant.weight > 0]
        return min(weighed, key=lambda each: self._wait(each, member_id), default=None)

    def _wait(self, variant: Variant, member_id: str) -> float:
        """Exponentially distributed with the weight as its rate: the least of several is each one's by its weight."""
        digest = hashlib.sha256(f"{self.key}\0{variant.name}\0{member_id}".encode()).digest()
        drawn = int.from_bytes(digest[:8]) >> (64 - BITS)
        return -math.log((drawn + 1) / 2**BITS) / variant.weight

    def takes_in(self, plan: str | None) -> bool:
        return not self.plans or plan in self.plans


def variations_for(
    member_id: str, plan: str | None, experiments: Iterable[Experiment], now: datetime
) -> tuple[Variation, ...]:
    """What the experiments change for the member, who is on `plan` now; those to come too, but not those over."""
    found: list[Variation] = []
    for experiment in experiments:
        over = experiment.ends_at is not None and experiment.ends_at <= now
        variant = experiment.variant_of(member_id) if not over and experiment.takes_in(plan) else None
        if variant is not None:
            dates = (experiment.starts_at, experiment.ends_at)
            source_id = f"{experiment.key}:{variant.name}"
            found += [Variation(each.kind, each.key, each.value, source_id, *dates) for each in variant.changes]
    return tuple(found)
