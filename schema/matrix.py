"""Who may see what: each gated coordinate, for each plan in each state of its subscription. `python -m schema.matrix`.

The artefact is one line for each cell, so that its diff names exactly the cells that a change of the schema, the
catalogue or the rules moves. It is reckoned by the functions that decide for real.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from billing.access import holdings_of
from billing.catalogue import load_catalogue
from billing.dunning import InvoiceFact, InvoiceStep
from billing.model import AccessPolicy, Catalogue, Plan, StateAccess
from billing.state import Dispute, PauseFact, PauseStep, Subscription, SubscriptionItem
from execution.rules import build_rules
from gating.model import Access, Denied, Mode, Rule, Snapshot, decide
from gating.policies import PolicyKind, withheld_by
from schema.build import build_schemas

ARTEFACT = Path(__file__).with_name("access_matrix.txt")
CATALOGUE = Path("catalogue.yaml")

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
BEGAN, PERIOD_END = NOW - timedelta(days=14), NOW + timedelta(days=14)
BEFORE = NOW - timedelta(days=1)

HEAD = "# coordinate | plan | state of the subscription | what the member gets\n"


@dataclass(frozen=True, slots=True)
class State:
    """A subscription, its disputes and what is known of its pauses and of payments that failed, as on NOW."""

    subscription: Subscription
    disputes: tuple[Dispute, ...] = ()
    pauses: tuple[PauseFact, ...] = ()
    invoices: tuple[InvoiceFact, ...] = ()


def render_matrix(catalogue: Catalogue) -> str:
    rules = sorted(build_rules(build_schemas().full).every_rule(), key=lambda rule: rule.coordinate)
    columns = dict(_columns(catalogue))
    lines = (
        f"{rule.coordinate} | {name} | {_outcome(rule, access)}\n" for rule in rules for name, access in columns.items()
    )
    return HEAD + "".join(lines)


def changed_cells(old: str, new: str) -> list[str]:
    """Each cell that differs, in order: what it was and what it is."""
    before, after = _cells(old), _cells(new)
    return [
        f"{name}: {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _cells(matrix: str) -> Mapping[str, str]:
    lines = (line.rpartition(" | ") for line in matrix.splitlines() if not line.startswith("#"))
    return {name: outcome for name, _, outcome in lines}


def _columns(catalogue: Catalogue) -> Iterator[tuple[str, Access]]:
    """Whoever may ask, with what it then holds: strangers, members without a subscription, each plan in each state, and
    each plan where and as whom policies speak of it.
    """
    yield "nobody | signed out", Access()
    default = catalogue.default_plan.key if catalogue.default_plan else "nothing"
    yield f"{default} | no subscription", _access(catalogue, Snapshot("member", 0))
    for plan in (*catalogue.plans, *catalogue.add_ons):
        for name, state in states_of(plan, catalogue.access) if plan.prices else ():
            held = holdings_of([state.subscription], state.disputes, state.pauses, catalogue, state.invoices)
            snapshot = Snapshot("member", 1, held.grants, held.limits, held.levels, held.overrides)
            yield f"{plan.key} | {name}", _access(catalogue, snapshot)
    for plan in catalogue.plans if catalogue.policies else ():
        yield from _taken(catalogue, plan)


def _taken(catalogue: Catalogue, plan: Plan) -> Iterator[tuple[str, Access]]:
    """A plan in force, once for each country and role that a policy names."""
    held = plan.features | catalogue.free_features
    named = {(each.kind, word) for each in catalogue.policies for word in each.denied | each.only}
    for kind, word in sorted(named):
        region = kind is PolicyKind.REGION
        countries, roles = ((word,), frozenset[str]()) if region else ((), frozenset({word}))
        withheld = withheld_by(catalogue.policies, countries, roles)
        access = Access(True, held.difference(each.feature for each in withheld), withheld=withheld)
        yield f"{plan.key} | active, {'in' if region else 'as'} {word}", access


def states_of(plan: Plan, policy: AccessPolicy) -> Iterator[tuple[str, State]]:
    """Every way a subscription to `plan` can stand, in grace at every stage of dunning."""
    price = plan.prices[0]
    item = SubscriptionItem("si", price.price_id or "price", price.lookup_key, "product", 1, PERIOD_END)
    active = Subscription("sub", "cus", "active", BEGAN, (item,))
    for status in STATUSES:
        yield status, State(replace(active, status=status))
        if policy.states.get(status) is StateAccess.GRACE:
            for step in policy.dunning.steps:
                failed = InvoiceFact("in", "sub", InvoiceStep.FAILED, NOW - timedelta(days=step.day))
                yield f"{status}, day {step.day}", State(replace(active, status=status), (), (), (failed,))
    yield "active, ends later", State(replace(active, cancel_at=PERIOD_END))
    yield "active, end has come", State(replace(active, cancel_at=NOW))
    for behavior in ("keep_as_draft", "mark_uncollectible", "void"):
        for name, until in (("in the paid period", PERIOD_END), ("after the paid period", BEFORE)):
            paused = PauseFact("sub", PauseStep.PAUSED, BEFORE, until)
            yield f"active, paused {behavior}, {name}", State(replace(active, pause_behavior=behavior), (), (paused,))
    for status in ("needs_response", "under_review", "warning_needs_response", "won", "lost"):
        yield f"active, disputed {status}", State(active, (Dispute("dp", status, BEFORE, "ch", None, "sub"),))


STATUSES = ("trialing", "active", "past_due", "unpaid", "paused", "incomplete", "incomplete_expired", "canceled")


def _access(catalogue: Catalogue, snapshot: Snapshot) -> Access:
    """As a caller without any role, in no country that is known."""
    withheld = withheld_by(catalogue.policies, (), frozenset())
    features = snapshot.over(catalogue.baseline).features_at(NOW).difference(each.feature for each in withheld)
    return Access(True, features, withheld=withheld)


def _outcome(rule: Rule, access: Access) -> str:
    denied = decide(rule, access)
    return "yes" if denied is None else f"{LOOKS[rule.mode]}{_why(denied)}"


LOOKS = {Mode.ERROR: "null, error", Mode.LOCK: "null, locked", Mode.REJECT: "refused"}


def _why(denied: Denied) -> str:
    return f" {denied.code.value}" + (f" {denied.feature}" if denied.feature else "")


def write_artefact(catalogue: Catalogue, artefact: Path = ARTEFACT) -> list[str]:
    """Writes it; returns the cells that changed."""
    old = artefact.read_text(encoding="utf-8") if artefact.exists() else ""
    new = render_matrix(catalogue)
    artefact.write_text(new, encoding="utf-8")
    return changed_cells(old, new)


def main(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main(write_artefact(load_catalogue(CATALOGUE)))
