"""One caller's denials over a whole schema, decided once and shared by all callers who hold the same. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from execution.rules import RuleBook
from gating.model import Access, Denied, Rule, decide
from gating.policies import Withheld

Key = TypeVar("Key")

REMEMBERED_GATES = 256


@dataclass(frozen=True, slots=True)
class Gate:
    """What `access` is denied; whatever is absent is allowed. `fields` is by type, then field."""

    access: Access
    fields: Mapping[str, Mapping[str, Denied]]
    arguments: Mapping[tuple[str, str, str], Denied]
    inputs: Mapping[tuple[str, str], Denied]
    enum_values: Mapping[tuple[str, str], Denied]

    @property
    def denies_input(self) -> bool:
        return bool(self.arguments or self.inputs or self.enum_values)


def build_gate(book: RuleBook, access: Access) -> Gate:
    by_type = {name: _denied(rules, access) for name, rules in book.fields.items()}
    return Gate(
        access,
        {name: denied for name, denied in by_type.items() if denied},
        _denied(book.arguments, access),
        _denied(book.inputs, access),
        _denied(book.enum_values, access),
    )


def remember_gates(book: RuleBook) -> Callable[[Access], Gate]:
    """`build_gate` for `book`, remembering the latest gates by the part of an access that its rules look at."""

    @lru_cache(REMEMBERED_GATES)
    def build(relevant: Access) -> Gate:
        return build_gate(book, relevant)

    @lru_cache(REMEMBERED_GATES)
    def find(
        authenticated: bool,
        features: frozenset[str],
        scopes: frozenset[str],
        available: bool,
        withheld: tuple[Withheld, ...],
    ) -> Gate:
        return build(book.relevant(Access(authenticated, features, scopes, 0, available, withheld)))

    # Most callers hold just the same as one before: that is found without working out what is relevant of it.
    return lambda access: find(access.authenticated, access.features, access.scopes, access.available, access.withheld)


def _denied(rules: Mapping[Key, Rule], access: Access) -> dict[Key, Denied]:
    return {key: denied for key, rule in rules.items() if (denied := decide(rule, access))}
