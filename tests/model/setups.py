"""How much of everything each search has; and the designs that are known to fail, each with the setup that shows it."""

from dataclasses import replace

from tests.model.world import Design, Faults, Setup

STRIPE = Setup(
    "three changes at Stripe, two workers",
    holds=(0, 1, 2, 3),
    workers=2,
    faults=Faults(duplicates=1, crashes=1, expiries=2),
)
BACK_AND_FORTH = Setup(
    "Stripe changes its mind, two workers",
    holds=(0, 1, 0),
    workers=2,
    faults=Faults(duplicates=2, crashes=2, expiries=2),
)
PUBLISHERS = Setup(
    "two publishers, a reader, an eviction",
    direct=True,
    publishers=2,
    readers=1,
    faults=Faults(evictions=1, crashes=1),
)
READERS = Setup(
    "two readers with memories, a publisher",
    direct=True,
    holds=(0, 1),
    publishers=1,
    readers=2,
    faults=Faults(crashes=1),
)
FAILOVER = Setup(
    "a failover to a replica that lags",
    direct=True,
    holds=(0, 1),
    publishers=1,
    readers=1,
    faults=Faults(failovers=1, crashes=1),
)
FAILOVERS = Setup(
    "a failover during the recovery from another",
    direct=True,
    holds=(0, 1),
    publishers=1,
    faults=Faults(failovers=2),
)
RESENT = Setup(
    "a command that was sent again",
    direct=True,
    publishers=1,
    readers=1,
    faults=Faults(evictions=1, resends=1),
)
WITHOUT_REDIS = Setup(
    "Redis does not answer now and then",
    direct=True,
    publishers=1,
    readers=1,
    faults=Faults(failures=2, evictions=1),
)
WHOLE = Setup(
    "from Stripe to the answer",
    holds=(0, 1),
    workers=2,
    publishers=1,
    readers=1,
    faults=Faults(duplicates=1, crashes=1, expiries=1, evictions=1),
)
QUICK = (STRIPE, BACK_AND_FORTH, PUBLISHERS, READERS, FAILOVER, FAILOVERS, RESENT, WITHOUT_REDIS, WHOLE)

LARGE = (
    replace(
        STRIPE,
        name="three changes at Stripe, three workers",
        workers=3,
        faults=Faults(duplicates=1, crashes=2, expiries=2),
    ),
    replace(FAILOVER, name="a failover among two changes", holds=(0, 1, 2)),
    replace(FAILOVER, name="two failovers and a crash", faults=Faults(failovers=2, crashes=1)),
    replace(WHOLE, name="from two changes at Stripe to the answer", holds=(0, 1, 2)),
)
"""For the long runs."""

MUTANTS = {
    "answer before the event is stored": (STRIPE, Design(answer_first=True)),
    "take the payload for the state": (STRIPE, Design(payload="is the state")),
    "apply payloads first, those of duplicates too": (BACK_AND_FORTH, Design(payload="first, always")),
    "count no signal of a customer that is dirty, though it was claimed": (STRIPE, Design(count="when clean")),
    "set clean to dirty at the commit": (STRIPE, Design(clean="dirty")),
    "note dirty after the fetch": (STRIPE, Design(note="after")),
    "neither lease nor fence": (STRIPE, Design(lease=False, fence=False)),
    "a lease without a fence": (STRIPE, Design(fence=False)),
    "set blindly": (PUBLISHERS, Design(publish="blind", fill="blind")),
    "delete to invalidate, and fill": (PUBLISHERS, Design(publish="delete", fill="blind")),
    "compare revisions of values from the outbox": (PUBLISHERS, Design(publish="outbox value")),
    "fill without a token": (PUBLISHERS, Design(fill="compare")),
    "forget a refused publication": (PUBLISHERS, Design(keep_refused=False)),
    "fail over without republishing": (FAILOVER, Design(republish=False)),
    "read before the token is taken": (PUBLISHERS, Design(token_before_read=False)),
    "empty the outbox whatever has come since": (PUBLISHERS, Design(done_compares=False)),
    "call a failover seen that came during the republishing": (FAILOVERS, Design(seen_as_of="after")),
    "send a token again that may still be on its way": (RESENT, Design(resend="same token")),
}
"""The twelve of PROTOCOL 3.3, and what else was tried on this code."""

HARMLESS = {
    "apply payloads of new events first": (BACK_AND_FORTH, Design(payload="first, when new")),
    "a fence without a lease": (BACK_AND_FORTH, Design(lease=False)),
}
"""So near to two of the mutants that the search must tell them apart: these are only slower."""
