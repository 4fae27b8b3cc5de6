"""A1, the pure part: what events prove and what follows from it, whatever the order of the events, a million times."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from billing.access import holdings_of
from billing.facts import Facts, facts_of, member_for
from billing.model import Catalogue
from billing.objects import dispute_from, subscription_from
from gating.model import Holdings
from tests.fault.breakable import Breakable
from tests.fault.figures.model import Figure, Scale
from tests.fault.figures.orders import every_history
from tests.flow.replay import MEMBER_KEY
from tests.stripe_server.catalogues import catalogue_of
from tests.stripe_server.history import History
from tests.stripe_server.world import World

Said = tuple[Holdings, str | None]


async def measure_core(_breakable: Breakable, scale: Scale) -> list[Figure]:
    histories = every_history()
    each = scale.core_runs // len(histories)
    equal = sum(count_equal(history, each, random.Random(history.name)) for history in histories)
    runs = each * len(histories)
    bar = "10^6 runs of the pure core, shuffled, doubled, cut: what a member holds and who it is as in order"
    return [Figure("A1", bar, f"{equal} of {runs} equal", equal == runs)]


def count_equal(history: History, runs: int, dice: random.Random) -> int:
    catalogue = catalogue_of(history.catalogue, history.policy)
    proven = [facts_of(step.event, MEMBER_KEY) for step in history.steps]
    cuts = [_deciding(history, cut, catalogue) for cut in range(len(proven) + 1)]
    expected = [decide(proven[:cut]) for cut, decide in enumerate(cuts)]
    equal = 0
    for _ in range(runs):
        cut = dice.randint(1, len(proven))
        seen = [*proven[:cut], *dice.choices(proven[:cut], k=dice.randint(0, 3))]
        dice.shuffle(seen)
        equal += cuts[cut](seen) == expected[cut]
    return equal


def _deciding(history: History, cut: int, catalogue: Catalogue) -> Callable[[Sequence[Facts]], Said]:
    """What follows from facts where Stripe stands as after the first `cut` events."""
    objects = World(history, cut).objects().values()
    mirror = [each for each in map(subscription_from, _of_kind(objects, "subscription")) if each]
    disputes = [each for each in map(dispute_from, _of_kind(objects, "dispute")) if each]

    def decide(seen: Sequence[Facts]) -> Said:
        pauses = list(chain.from_iterable(facts.pauses for facts in seen))
        invoices = list(chain.from_iterable(facts.invoices for facts in seen))
        claims = chain.from_iterable(facts.claims for facts in seen)
        return holdings_of(mirror, disputes, pauses, catalogue, invoices), member_for(claims)

    return decide


def _of_kind(objects: Iterable[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [value for value in objects if value.get("object") == kind]
