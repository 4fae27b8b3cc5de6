"""How a denial is told: one lean error for each position, the details once, and the same as data for LOCK fields."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gating.model import Access, DenialCode, Denied
from gating.policies import PolicyKind
from gating.ports import Offer, Offers

MESSAGES = {
    DenialCode.UNAUTHENTICATED: "Sign in to see this.",
    DenialCode.ENTITLEMENT_REQUIRED: "Not included in your plan.",
    DenialCode.REGION_RESTRICTED: "Not given in your country. If your billing address is wrong, correct it.",
    DenialCode.ROLE_REQUIRED: "Not for your role. Ask whoever gives out roles for one that has it.",
    DenialCode.SCOPE_REQUIRED: "Your token does not carry the scope for this.",
    DenialCode.UNAVAILABLE: "What you hold cannot be read right now. Try again.",
}


class ActionKind(StrEnum):
    """What lifts a denial."""

    SIGN_IN = "SIGN_IN"
    UPGRADE = "UPGRADE"
    REQUEST_SCOPE = "REQUEST_SCOPE"
    CORRECT_ADDRESS = "CORRECT_ADDRESS"
    REQUEST_ROLE = "REQUEST_ROLE"
    RETRY = "RETRY"


@dataclass(frozen=True, slots=True)
class Action:
    """What to do; `plan` is the cheapest plan that then suffices, None where none is needed or none is on sale.

    `roles` are those any of which suffices, where one is needed.
    """

    kind: ActionKind
    plan: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denial:
    """A refusal in the words of the client. `required_plans` are cheapest first, each alone sufficient."""

    code: DenialCode
    feature: str | None
    any_of: tuple[tuple[str, ...], ...]
    required_plans: tuple[Offer, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class TypeAccess:
    """Whether the LOCK fields of a type are open to this caller, and if not why."""

    granted: bool
    denial: Denial | None = None


def denial_for(denied: Denied, access: Access, offers: Offers) -> Denial:
    """`denied` with the plans that lift it and what to do about it."""
    plans = offers.for_denial(denied) if denied.code is DenialCode.ENTITLEMENT_REQUIRED else ()
    return Denial(denied.code, denied.feature, denied.any_of, plans, action_for(denied, access, plans))


def action_for(denied: Denied, access: Access, plans: tuple[Offer, ...]) -> Action:
    """Following it and buying what it names makes the same query succeed. A stranger signs in first, whatever lacks."""
    plan = plans[0].plan if plans else None
    if denied.code is DenialCode.UNAVAILABLE:
        return Action(ActionKind.RETRY)
    if not access.authenticated:
        return Action(ActionKind.SIGN_IN, plan)
    if denied.code is DenialCode.SCOPE_REQUIRED:
        return Action(ActionKind.REQUEST_SCOPE)
    if denied.policy is not None:
        if denied.policy.kind is PolicyKind.REGION:
            return Action(ActionKind.CORRECT_ADDRESS)
        return Action(ActionKind.REQUEST_ROLE, roles=denied.policy.only)
    return Action(ActionKind.UPGRADE, plan)


def lean_extensions(denied: Denied) -> dict[str, Any]:
    """The `extensions` of one denial error, shared by all its positions."""
    extensions: dict[str, Any] = {"code": denied.code.value}
    if denied.feature is not None:
        extensions["feature"] = denied.feature
    return extensions


def details_of(positions: Iterable[tuple[Denied, int]], access: Access, offers: Offers) -> dict[str, Any]:
    """The answer's `extensions` for what was denied at so many positions, one entry for each coordinate with any."""
    counts: Counter[str] = Counter()
    refused: dict[str, Denied] = {}
    for denied, count in positions:
        if count:
            coordinate = denied.rule.coordinate
            counts[coordinate] += count
            refused[coordinate] = denied
    if not refused:
        return {}
    details = [_detail(denied, counts[coordinate], access, offers) for coordinate, denied in refused.items()]
    return {"entitlements": {"version": access.revision, "denied": details}}


def _told(action: Action) -> dict[str, Any]:
    told = {"kind": action.kind.value, "plan": action.plan}
    return {**told, "roles": list(action.roles)} if action.roles else told


def _detail(denied: Denied, positions: int, access: Access, offers: Offers) -> dict[str, Any]:
    denial = denial_for(denied, access, offers)
    return {
        "coordinate": denied.rule.coordinate,
        "code": denial.code.value,
        "anyOf": [list(every) for every in denial.any_of],
        "requiredPlans": [offer.plan for offer in denial.required_plans],
        "action": _told(denial.action),
        "positions": positions,
    }
