"""What operators see and do to keep up with Stripe: events, dead letters, reconciliations."""

import hashlib
from collections.abc import Sequence

import orjson
import strawberry

from billing.dead_letters import DeadLetter, count_dead_letters, find_dead_letter, list_dead_letters, revive
from billing.events import StripeEvent, find_event, find_event_bodies
from billing.reconciliations import (
    Drift,
    Reconciliation,
    count_reconciliations,
    find_reconciliation,
    list_drifts,
    list_reconciliations,
    request_reconciliation,
)
from errors import Unavailable
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Context, Info
from resolvers.inputs import is_id, text_of
from resolvers.outcome import Outcome, not_found

MOST_DRIFTS = 1000


async def dead_letters(info: Info, first: First = 20, after: After = None) -> Connection[DeadLetter]:
    database, page = info.context.services.database, page_for(first, after, "letter", str)
    found = await list_dead_letters(database, after=page.after_id, limit=page.limit)
    return connect([(each.id, each) for each in found], page, lambda: count_dead_letters(database))


async def reconciliations(info: Info, first: First = 20, after: After = None) -> Connection[Reconciliation]:
    database, page = info.context.services.database, page_for(first, after, "asked", str)
    found = await list_reconciliations(database, after=page.after_id, limit=page.limit)
    return connect([(each.id, each) for each in found], page, lambda: count_reconciliations(database))


async def drifts(root: strawberry.Parent[Reconciliation], info: Info) -> Sequence[Drift]:
    return await info.context.load(load_drifts, root.id)


async def load_drifts(context: Context, ids: Sequence[str]) -> Sequence[Sequence[Drift]]:
    found = await list_drifts(context.services.database, ids, limit=MOST_DRIFTS)
    return [found[id] for id in ids]


async def body(root: strawberry.Parent[StripeEvent], info: Info) -> str:
    """Indented; what is stored was JSON when it was accepted."""
    text = await info.context.load(load_bodies, root.id)
    return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()


async def load_bodies(context: Context, ids: Sequence[str]) -> Sequence[str]:
    found = await find_event_bodies(context.services.database, ids)
    return [found[id] for id in ids]


async def replay_stripe_event(info: Info, event_id: str) -> Outcome[StripeEvent]:
    services = info.context.services
    found = await find_event(services.database, event_id) if is_id(event_id) else None
    if found is None:
        return not_found("event", "eventId")
    if services.replay is None:
        raise Unavailable("This process takes no events.")
    bodies = await find_event_bodies(services.database, [event_id])
    await services.replay(bodies[event_id].encode())
    return Outcome(await find_event(services.database, event_id))


async def replay_dead_letter(info: Info, letter_id: str) -> Outcome[DeadLetter]:
    """Answers the letter as it was."""
    database = info.context.services.database
    found = await find_dead_letter(database, letter_id) if is_id(letter_id) else None
    if found is None:
        return not_found("dead letter", "deadLetterId")
    async with database.transaction() as connection:
        await revive(connection, found.id)
    return Outcome(found)


async def start_reconciliation(info: Info, key: str) -> Outcome[Reconciliation]:
    services = info.context.services
    digest = hashlib.sha256(text_of("idempotencyKey", key).encode()).hexdigest()
    async with services.database.transaction() as connection:
        id = await request_reconciliation(connection, services.clock.now(), id=f"rec_{digest[:16]}")
    return Outcome(await find_reconciliation(services.database, id))
