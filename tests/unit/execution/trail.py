"""Who asks the toy schema, what ran for it, and what is on sale."""

from dataclasses import dataclass, field

from gating.model import NOBODY, Access, Denied, satisfied
from gating.ports import Offer

FEATURES = frozenset(
    {"analytics", "export", "billing_margin", "usage", "enterprise", "premium", "reports", "social", "live"}
)
CANARY = "canary:"
PLANS = {
    "basic": frozenset({"premium", "social"}),
    "pro": frozenset({"premium", "social", "usage", "analytics"}),
    "enterprise": FEATURES,
}


@dataclass
class Trail:
    """A context: what the caller holds, and what ran for it. `later` replaces the access, one for each refresh."""

    access: Access = NOBODY
    later: list[Access] = field(default_factory=list[Access])
    calls: list[str] = field(default_factory=list[str])
    selections: list[dict[str, frozenset[str]]] = field(default_factory=list[dict[str, frozenset[str]]])

    async def refresh(self, fresh: bool = False) -> None:
        if self.later:
            self.access = self.later.pop(0)


class PlanOffers:
    """Offers from PLANS, cheapest first."""

    def for_denial(self, denied: Denied) -> tuple[Offer, ...]:
        return tuple(
            Offer(key, key.title())
            for key, features in PLANS.items()
            if all(satisfied(need, features) for need in denied.rule.needs)
        )
