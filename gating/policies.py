"""Policies: what is taken from whoever holds it, by where the member is or which roles the caller has. Pure.

A policy can only take away, whatever gives the feature: a grant, an experiment, an operator. So it is no matter of
merging: what a member holds stays what it is, and `decide` refuses in the policy's own words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class PolicyKind(StrEnum):
    REGION = "region"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Policy:
    """Takes `feature` from members in a country, or callers with a role, of `denied`; or, where `only` says something,
    from all but those in countries of `only` alone, or with a role of `only`.

    Countries are ISO 3166-1 alpha-2, upper case. A member of whom no country is known is in none.
    """

    feature: str
    kind: PolicyKind
    denied: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def takes_from(self, words: frozenset[str]) -> bool:
        """`words`: the countries or the roles."""
        if words & self.denied:
            return True
        fits = bool(words) and words <= self.only if self.kind is PolicyKind.REGION else bool(words & self.only)
        return bool(self.only) and not fits


@dataclass(frozen=True, slots=True, order=True)
class Withheld:
    """A feature that a policy takes from a caller; `only` are the countries or roles that would do, where it says."""

    feature: str
    kind: PolicyKind
    only: tuple[str, ...] = ()


def withheld_by(policies: Iterable[Policy], countries: Sequence[str], roles: frozenset[str]) -> tuple[Withheld, ...]:
    """What the policies take from a member in `countries` who calls with `roles`, whether held or not; in order."""
    found = {
        Withheld(policy.feature, policy.kind, tuple(sorted(policy.only)))
        for policy in policies
        if policy.takes_from(frozenset(countries) if policy.kind is PolicyKind.REGION else roles)
    }
    return tuple(sorted(found))
