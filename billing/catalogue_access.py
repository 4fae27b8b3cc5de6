"""Reading the `access` part of the catalogue file: when a subscription gives what its plan says."""

from collections.abc import Collection

from yaml.nodes import Node

from billing.dunning import RECOVERED, DunningPolicy, DunningStep, StageAccess
from billing.model import AccessPolicy, DisputeEffect, PauseEffect, StateAccess
from billing.yaml_nodes import Document, Fields, read_days, read_fields, read_text

ACCESS = ("states", "unpaid_ends_after_days", "pause_collection", "refund", "dispute", "dunning", "read_only_ends")
REQUIRED = ("states", "pause_collection", "refund", "dispute")
DISPUTE = ("open", "open_statuses", "lost")
STEP = ("day", "step", "channels", "access")

OPEN = ("trialing", "active", "past_due", "unpaid", "paused")
ENDED = ("incomplete", "incomplete_expired", "canceled")
"""These never give access: nothing was paid, or it is over."""

PAUSES = ("keep_as_draft", "mark_uncollectible", "void")
OPEN_DISPUTES = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")
NOTHING = AccessPolicy({}, {}, frozenset(), DisputeEffect.SUSPEND_ALL, DisputeEffect.SUSPEND_ALL)


def read_access(document: Document, node: Node | None, features: Collection[str]) -> AccessPolicy:
    """The access policy; one that grants nothing where the file's is missing or wrong, which is a problem noted."""
    if node is None:
        return NOTHING
    fields = read_fields(document, node, "access", ACCESS, REQUIRED)
    # A refund ends no subscription's access by itself: who wants that cancels it. The key says so out loud.
    fields.choice("refund", ("keep",))
    dispute = _inner(fields, "dispute", DISPUTE)
    return AccessPolicy(
        states=_states(_inner(fields, "states", (*OPEN, *ENDED))),
        paused_collection=_pauses(_inner(fields, "pause_collection", PAUSES)),
        open_disputes=dispute.choices("open_statuses", OPEN_DISPUTES),
        open_dispute=DisputeEffect(dispute.choice("open", DisputeEffect) or DisputeEffect.SUSPEND_ALL),
        lost_dispute=DisputeEffect(dispute.choice("lost", DisputeEffect) or DisputeEffect.SUSPEND_ALL),
        dunning=_dunning(fields),
        read_only_ends=fields.choices("read_only_ends", features),
        unpaid_ends_after_days=read_days(fields, "unpaid_ends_after_days"),
    )


def _inner(fields: Fields, name: str, allowed: tuple[str, ...]) -> Fields:
    """The mapping under `name`, all of whose fields are required."""
    what = f"{fields.what}.{name}"
    if name not in fields.nodes:
        return Fields(fields.document, what, {})
    return read_fields(fields.document, fields.nodes[name], what, allowed, allowed)


def _states(fields: Fields) -> dict[str, StateAccess]:
    """What each of Stripe's eight statuses gives."""
    words = {name: fields.choice(name, StateAccess) for name in OPEN}
    words |= {name: fields.choice(name, (StateAccess.NONE,)) for name in ENDED}
    return {name: StateAccess(word or StateAccess.NONE) for name, word in words.items()}


def _pauses(fields: Fields) -> dict[str, PauseEffect]:
    words = {name: fields.choice(name, PauseEffect) for name in PAUSES}
    return {name: PauseEffect(word or PauseEffect.NONE) for name, word in words.items()}


def _dunning(fields: Fields) -> DunningPolicy:
    """`{steps: [{day: 0, step: banner, channels: [inapp], access: full}, …], recovered: [email]}`."""
    if "dunning" not in fields.nodes:
        return DunningPolicy()
    what = f"{fields.what}.dunning"
    inner = read_fields(fields.document, fields.nodes["dunning"], what, ("steps", "recovered"), ("steps", "recovered"))
    nodes = inner.items("steps")
    steps = [_step(fields.document, node, f"{what}.steps") for node in nodes]
    ranks = list(StageAccess)
    for before, after, node in zip(steps, steps[1:], nodes[1:], strict=False):
        if after.day <= before.day or ranks.index(after.access) < ranks.index(before.access):
            remedy = "order them by day, and never give back access that an earlier step took"
            fields.document.wrong(node, f"{what}.steps cannot go from `{before.step}` to `{after.step}`", remedy)
    for step, node in zip(steps, nodes, strict=True):
        if step.step == RECOVERED or [each.step for each in steps].count(step.step) > 1:
            fields.document.wrong(node, f"{what}.steps cannot have `{step.step}` here", "give each a name of its own")
    recovered = tuple(read_text(fields.document, node, f"{what}.recovered") for node in inner.items("recovered"))
    return DunningPolicy(tuple(steps), recovered)


def _step(document: Document, node: Node, what: str) -> DunningStep:
    fields = read_fields(document, node, what, STEP, STEP)
    return DunningStep(
        fields.number("day"),
        fields.text("step"),
        tuple(read_text(document, item, f"{what}.channels") for item in fields.items("channels")),
        StageAccess(fields.choice("access", StageAccess) or StageAccess.NONE),
    )
