"""A schema made ready to serve: its rules, its static checks passed, its caches."""

from collections.abc import Callable
from dataclasses import dataclass, field

from graphql import GraphQLSchema

from errors import NotConfigured
from execution.documents import Documents
from execution.gate import Gate, remember_gates
from execution.limits import DEFAULT_LIMITS, Limits
from execution.plans import Plans
from execution.rules import RuleBook, build_rules
from execution.static_checks import find_problems, find_warnings
from gating.model import Access, Denied
from gating.ports import Offers

OnDenied = Callable[[Denied], None]
OnRun = Callable[[str], None]
ReadRules = Callable[[GraphQLSchema], RuleBook]


def ignore(_told: object) -> None:
    """Counts nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """One audience's schema and all that is needed to run operations on it. Lives as long as the process.

    `on_denied` is called once for each coordinate that an operation was denied (not for each position); `on_run` once
    for each operation that runs, with "" when it was compiled, else with the reason why it was interpreted.
    """

    schema: GraphQLSchema
    rules: RuleBook
    offers: Offers
    documents: Documents
    gate_for: Callable[[Access], Gate]
    on_denied: OnDenied
    on_run: OnRun
    warnings: tuple[str, ...]
    plans: Plans = field(default_factory=Plans, init=False)


def prepare(
    schema: GraphQLSchema,
    *,
    offers: Offers,
    features: frozenset[str],
    on_denied: OnDenied = ignore,
    on_run: OnRun = ignore,
    limits: Limits = DEFAULT_LIMITS,
    read_rules: ReadRules = build_rules,
) -> Contract:
    """Reads the rules of `schema` and checks them. Raises NotConfigured with every problem at once.

    `read_rules` is for measuring what gates cost: the benchmark serves the same schema under other rules.
    """
    rules = read_rules(schema)
    if problems := find_problems(schema, rules, features):
        raise NotConfigured("The schema cannot be served:\n" + "\n".join(f"  {problem}" for problem in problems))
    warnings = tuple(find_warnings(schema, rules, offers))
    documents = Documents(schema, rules, limits)
    return Contract(schema, rules, offers, documents, remember_gates(rules), on_denied, on_run, warnings)
