"""What operators try: other free boundaries for some members, set and ended without a deployment."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from billing.by_hand import WordedVariant, experiment_of
from errors import BadInput
from gating.experiment_book import end_experiment as record_end
from gating.experiment_book import list_experiments, record_experiment
from gating.experiments import Change, Experiment
from resolvers.context import Info
from resolvers.explained import in_words
from resolvers.outcome import Outcome, not_found
from resolvers.overrides import act_of

MOST = 20
"""Variants, changes of one, plans: of each so many."""


async def experiments(info: Info) -> Sequence[Experiment]:
    return await list_experiments(info.context.services.database)


async def set_experiment(
    info: Info,
    key: str,
    variants: Sequence[WordedVariant],
    plans: Sequence[str],
    dates: tuple[datetime | None, datetime | None],
    case: str,
    reason: str,
) -> Outcome[Experiment]:
    services, act = info.context.services, act_of(info, case, reason)
    if max(len(variants), len(plans), *(len(each.changes) for each in variants), 0) > MOST:
        raise BadInput(f"Give at most {MOST} variants, plans, and changes of each variant.")
    for name, at in zip(("startsAt", "endsAt"), dates, strict=True):
        if at is not None and at.tzinfo is None:
            raise BadInput(f"`{name}` has no time zone: end it with Z, or with an offset such as +01:00.")
    experiment = experiment_of(services.catalogue, key, variants, plans, *dates)
    async with services.database.transaction() as connection:
        await record_experiment(connection, experiment, act=act, now=services.clock.now())
    return Outcome(experiment)


async def end_experiment(info: Info, key: str, case: str, reason: str) -> Outcome[Experiment]:
    """Answers what it was."""
    services, act = info.context.services, act_of(info, case, reason)
    known = {each.key: each for each in await list_experiments(services.database)}
    if key not in known:
        return not_found("experiment", "key")
    async with services.database.transaction() as connection:
        await record_end(connection, key, act=act, now=services.clock.now())
    return Outcome(known[key])


def plans(root: strawberry.Parent[Experiment]) -> Sequence[str]:
    return sorted(root.plans)


def value(root: strawberry.Parent[Change]) -> str:
    return in_words(root.value)
