"""Reading the `access` part of the catalogue file: when a subscription gives what its plan says."""

from yaml.nodes import Node

from billing.model import AccessPolicy, DisputeEffect, PauseEffect
from billing.yaml_nodes import Document, Fields, read_fields

ACCESS = ("granting_statuses", "pause_collection", "refund", "dispute")
DISPUTE = ("open", "open_statuses", "lost")

GRANTING = ("trialing", "active", "past_due", "unpaid", "paused")
"""The others (incomplete, incomplete_expired, canceled) never give access: nothing was paid, or it is over."""

PAUSES = ("keep_as_draft", "mark_uncollectible", "void")
OPEN_DISPUTES = ("warning_needs_response", "warning_under_review", "needs_response", "under_review")
NOTHING = AccessPolicy(frozenset(), {}, frozenset(), DisputeEffect.SUSPEND_ALL, DisputeEffect.SUSPEND_ALL)


def read_access(document: Document, node: Node | None) -> AccessPolicy:
    """The access policy; one that grants nothing where the file's is missing or wrong, which is a problem noted."""
    if node is None:
        return NOTHING
    fields = read_fields(document, node, "access", ACCESS, ACCESS)
    # A refund ends no access by itself: who wants that cancels the subscription. The key says so out loud.
    fields.choice("refund", ("keep",))
    dispute = _inner(fields, "dispute", DISPUTE)
    return AccessPolicy(
        granting_statuses=fields.choices("granting_statuses", GRANTING),
        paused_collection=_pauses(_inner(fields, "pause_collection", PAUSES)),
        open_disputes=dispute.choices("open_statuses", OPEN_DISPUTES),
        open_dispute=DisputeEffect(dispute.choice("open", DisputeEffect) or DisputeEffect.SUSPEND_ALL),
        lost_dispute=DisputeEffect(dispute.choice("lost", DisputeEffect) or DisputeEffect.SUSPEND_ALL),
    )


def _inner(fields: Fields, name: str, allowed: tuple[str, ...]) -> Fields:
    """The mapping under `name`, all of whose fields are required."""
    what = f"{fields.what}.{name}"
    if name not in fields.nodes:
        return Fields(fields.document, what, {})
    return read_fields(fields.document, fields.nodes[name], what, allowed, allowed)


def _pauses(fields: Fields) -> dict[str, PauseEffect]:
    words = {name: fields.choice(name, PauseEffect) for name in PAUSES}
    return {name: PauseEffect(word or PauseEffect.NONE) for name, word in words.items()}
