"""What members and operators do to Stripe's state: each thing once for each idempotency key, with a typed result.

    outcome = await run_action(acting, Asked("member:mem_1", key, "startCheckout", input), work)

`work(action)` decides and asks; it answers the result as a JSON object, or a Refusal. The rules it keeps:

- `action.ask(step, method, path, parameters)` is how Stripe is changed. The request is recorded under the step's name
  before it is sent, with a Stripe idempotency key made of actor, key and step: whoever resumes after a crash sends the
  very same request, and gets Stripe's own same answer. Reading needs no step: `action.acting.ask("get", …)`.
- Decisions come after `made = await action.resume(step)`: where the step was sent before, they were taken before, and
  its own effect must not refuse it now (a subscription made by it is no reason to say ALREADY_SUBSCRIBED).
- `await action.sync(customer_id)` before a decision shows in the mirror what is true at Stripe now; after a change the
  customer is queued for the workers by it and, where that is quick, synced at once, so that what is read after the
  mutation is true already. Nothing is granted from here, and the mirror is never written from an answer.

What ends in a result or a Refusal ends for good: the same key answers the same again. Only PASSING refusals (Stripe
does not answer; the same actor is doing something) leave the key open. Actions of one actor take turns.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from billing.action_rows import ActionKey, begin, find_step, finish, lease, record_step, release
from billing.ports import Ask, Json, Refused
from billing.queue import Fenced, mark_dirty
from billing.refusals import NO_STRIPE, PASSING, Refusal, RefusalCode, encode_refusal, refusal_for, refusal_in
from billing.sync import Syncing, sync_customer
from errors import Unavailable
from storage.database import Database

ACTION_SECONDS = 25.0
"""At most, all requests to Stripe together; shorter than the lease, so no two ever work on one action."""

SYNC_SECONDS = 4.0
TURN_SECONDS = 10.0
TURN_POLL_SECONDS = 0.05
RESUMED_FOR = timedelta(hours=23)
"""Stripe forgets idempotency keys after 24 hours: what was left undone for longer would be done a second time."""

log = structlog.get_logger("actions")


@dataclass(frozen=True, slots=True)
class Acting:
    """What actions work with, and reads, which ask by `read`, so that there are never too many of them.

    `return_origins` are the addresses to which Stripe's pages may send people back.
    """

    syncing: Syncing
    ask: Ask
    read: Ask
    return_origins: tuple[str, ...] = ()

    @property
    def database(self) -> Database:
        return self.syncing.database

    def now(self) -> datetime:
        return self.syncing.clock.now()


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: by whom (`member:…`, `operator:…`), under which key, for what, with what input (as JSON)."""

    actor: str
    key: str
    kind: str
    input: Json

    @property
    def action_key(self) -> ActionKey:
        return ActionKey(self.actor, self.key)

    @property
    def fingerprint(self) -> str:
        said = orjson.dumps([self.kind, self.input], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()


@dataclass(frozen=True, slots=True)
class Action:
    """The action being done."""

    acting: Acting
    action_key: ActionKey

    async def resume(self, step: str) -> Json | None:
        """The answer to this step where it was begun before; None when it never was. Raises as `ask` does."""
        async with self.acting.database.transaction() as connection:
            first = await find_step(connection, self.action_key, step)
        return await self._send(step, first) if first else None

    async def ask(self, step: str, method: str, path: str, parameters: Json | None = None) -> Json:
        """Stripe's answer to the request of this step. Raises Refused, errors.Unavailable."""
        asked = {"method": method, "path": path, "parameters": dict(parameters or {})}
        async with self.acting.database.transaction() as connection:
            first = await record_step(connection, self.action_key, step, asked)
        return await self._send(step, first)

    async def sync(self, customer_id: str) -> None:
        """Queues the customer for a sync, and waits for it as long as that is quick. Raises nothing of Stripe's."""
        await sync_soon(self.acting, customer_id)

    async def _send(self, step: str, request: Json) -> Json:
        key = stripe_key_for(self.action_key, step)
        parameters = request["parameters"]
        answer = await self.acting.ask(request["method"], request["path"], parameters, idempotency_key=key)
        if answer is None:
            raise Refused("What this is about is not there any more.", "resource_missing", 404)
        return answer


Result = Json | Refusal
Work = Callable[[Action], Awaitable[Result]]


def stripe_key_for(key: ActionKey, step: str) -> str:
    """Stripe's idempotency key of a step: the same for the same actor, key and step, for ever."""
    said = f"{key.actor}\0{key.key}\0{step}"
    return f"gatehouse-action-{hashlib.sha256(said.encode()).hexdigest()[:48]}"


async def run_action(acting: Acting, asked: Asked, work: Work) -> Result:
    """Does it, or goes on with it, or answers what came of it. Raises errors.Unavailable when the database is gone."""
    key = asked.action_key
    known = await _take_turn(acting, asked)
    if known is not None:
        return known
    result: Result = NO_STRIPE
    try:
        result = await _worked(work, Action(acting, key))
    finally:
        if isinstance(result, Refusal) and result.code in PASSING:
            async with acting.database.transaction() as connection:
                await release(connection, key)
    if isinstance(result, Refusal) and result.code in PASSING:
        return result
    async with acting.database.transaction() as connection:
        return _decoded(await finish(connection, key, _encoded(result), acting.now()))


async def sync_soon(acting: Acting, customer_id: str) -> None:
    """Queues the customer, then syncs it unless that takes long; a worker does it otherwise."""
    syncing = acting.syncing
    async with acting.database.transaction() as connection:
        await mark_dirty(connection, [customer_id])
    try:
        async with asyncio.timeout(SYNC_SECONDS):
            await sync_customer(
                customer_id,
                database=syncing.database,
                stripe=syncing.stripe,
                catalogue=syncing.catalogue,
                clock=syncing.clock,
                member_key=syncing.member_key,
            )
    except (Unavailable, Fenced, TimeoutError) as fault:
        log.info("left to a worker", customer=customer_id, reason=type(fault).__name__)


async def _take_turn(acting: Acting, asked: Asked) -> Result | None:
    """None once it is ours to do; else what is to be answered."""
    key, waited = asked.action_key, 0.0
    while True:
        async with acting.database.transaction() as connection:
            begun = await begin(connection, key, asked.kind, asked.fingerprint, acting.now())
            if begun.fingerprint != asked.fingerprint:
                return REUSED
            if begun.result is not None:
                return _decoded(begun.result)
            if begun.begun_at + RESUMED_FOR <= acting.now():
                return EXPIRED
            if not begun.waits:
                await lease(connection, key)
                return None
        if waited >= TURN_SECONDS:
            return IN_USE
        await asyncio.sleep(TURN_POLL_SECONDS)
        waited += TURN_POLL_SECONDS


async def _worked(work: Work, action: Action) -> Result:
    try:
        async with asyncio.timeout(ACTION_SECONDS):
            return await work(action)
    except Refused as fault:
        return refusal_for(fault)
    except (Unavailable, TimeoutError) as fault:
        log.warning("stripe does not answer", reason=str(fault))
        return NO_STRIPE


def _encoded(result: Result) -> Mapping[str, Any]:
    return {"refusal": encode_refusal(result)} if isinstance(result, Refusal) else {"done": dict(result)}


def _decoded(stored: Mapping[str, Any]) -> Result:
    return refusal_in(stored["refusal"]) if "refusal" in stored else stored["done"]


REUSED = Refusal(
    RefusalCode.IDEMPOTENCY_KEY_REUSED,
    "This idempotency key was used for something else: use a new key, or repeat the first call unchanged.",
    ("idempotencyKey",),
)
IN_USE = Refusal(
    RefusalCode.IDEMPOTENCY_KEY_IN_USE,
    "Something you asked for before is still being done: repeat this in a moment, with the same idempotency key.",
    ("idempotencyKey",),
)
EXPIRED = Refusal(
    RefusalCode.IDEMPOTENCY_KEY_EXPIRED,
    "This was begun a day ago and never finished: look at what is there, then ask anew with a new idempotency key.",
    ("idempotencyKey",),
)
