"""Read-only access: what is gated can be read and not done, if the catalogue ends what mutations need."""

from collections.abc import Iterable, Iterator, Mapping

from billing.dunning import StageAccess
from billing.model import AccessPolicy, Catalogue, StateAccess
from errors import NotConfigured
from gating.model import Rule


def require_read_only(catalogue: Catalogue, mutations: Mapping[str, Rule]) -> None:
    """Raises NotConfigured where access may become read-only and a gated mutation would go on all the same."""
    problems = sorted(_problems(catalogue.access, mutations.values()))
    if problems:
        raise NotConfigured("The catalogue promises read-only access that is none:\n" + "\n".join(problems))


def _problems(policy: AccessPolicy, mutations: Iterable[Rule]) -> Iterator[str]:
    by_stage = any(step.access is StageAccess.READ_ONLY for step in policy.dunning.steps)
    if not (by_stage or StateAccess.RESTRICTED in policy.states.values()):
        return
    for rule in mutations:
        # It stops where one of its needs can be met in no way any more.
        if rule.needs and not any(all(every & policy.read_only_ends for every in need) for need in rule.needs):
            features = ", ".join(sorted(rule.features))
            yield f"  {rule.coordinate} goes on: name one of {features} under `access.read_only_ends`"
