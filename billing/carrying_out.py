"""Doing to a member's subscription what was decided: decided once, recorded, then asked of Stripe step by step.

Whoever resumes after a crash finds the decision and goes on with it; deciding anew would take what was done already
for the state to begin from.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from billing.action_rows import find_step, record_step
from billing.actions import Acting, Action, Asked, Result, run_action
from billing.change_requests import phases_for
from billing.current import Current, main_of
from billing.customers import list_customers_of
from billing.objects import id_of, object_in, objects_in, text_in
from billing.ports import Ask, Json, Refused
from billing.refusals import Refusal, RefusalCode
from billing.transitions import NO_SUBSCRIPTION, Step, refusal_to

SUBSCRIPTIONS, SCHEDULES = "/v1/subscriptions", "/v1/subscription_schedules"
DECISION = "decision"
ASKS_THE_BUYER = frozenset({"subscription_payment_intent_requires_action", "invoice_payment_intent_requires_action"})
"""Stripe's words for a payment that only the buyer can confirm, such as by 3-D Secure."""

NO_PAYMENT_METHOD = Refusal(
    RefusalCode.PAYMENT_METHOD_REQUIRED,
    "There is nothing on file to pay with: add a payment method by `openBillingPortal`, then use a new key.",
)
STILL_PAUSED = Refusal(
    RefusalCode.PAYMENT_FAILED,
    "The payment did not succeed, so it stays paused: see to the payment method by `openBillingPortal`, then resume"
    " with a new idempotency key.",
)


@dataclass(frozen=True, slots=True)
class Request:
    """`confirm`: with what besides it is asked again where only the buyer can confirm the payment; None: not at all."""

    step: str
    method: str
    path: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    confirm: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """`requests` in order; then `later`, where it is set, becomes the phase after the present one: of `schedule`, or of
    the one that the step `schedule` made. `subscription_id` is empty where the step `create` makes one.
    `says` goes into the result as it is.
    """

    customer_id: str
    subscription_id: str
    requests: tuple[Request, ...]
    schedule: Mapping[str, Any] | None = None
    later: Mapping[str, Any] | None = None
    says: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A payment that the buyer has to confirm: in the page by `client_secret`, or at `invoice_url`."""

    client_secret: str | None
    invoice_url: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it. `effective_at`: from when on it holds. Amounts in minor units of `currency`, upper case."""

    subscription_id: str
    effective_at: datetime
    confirmation: Confirmation | None = None
    refunded_minor: int = 0
    credited_minor: int = 0
    currency: str | None = None


Decide = Callable[[Current], Awaitable[Decision | Refusal]]


async def act_on(
    acting: Acting, actor: str, member_id: str, asked: tuple[str, str, Json], step: Step, decide: Decide
) -> Done | Refusal:
    """`asked` is kind, idempotency key and input. Raises errors.Unavailable when the database does not answer."""
    kind, key, wanted = asked

    async def decision() -> Decision | Refusal:
        current = await fetch_current(acting, member_id)
        if current is None:
            return NO_SUBSCRIPTION
        return refusal_to(step, current.standing) or await decide(current)

    async def work(action: Action) -> Result:
        decided = await decide_once(action, decision)
        return decided if isinstance(decided, Refusal) else await carry_out(action, decided)

    return done_from(await run_action(acting, Asked(actor, key, kind, wanted), work), acting.now())


def done_from(result: Result, now: datetime) -> Done | Refusal:
    if isinstance(result, Refusal):
        return result
    given = object_in(result, "confirmation")
    return Done(
        result["subscription_id"],
        datetime.fromtimestamp(result["effective_at"], UTC) if result.get("effective_at") else now,
        Confirmation(text_in(given, "client_secret"), text_in(given, "invoice_url")) if given else None,
        result.get("refunded_minor", 0),
        result.get("credited_minor", 0),
        (text_in(result, "currency") or "").upper() or None,
    )


async def fetch_current(acting: Acting, member_id: str) -> Current | None:
    """The member's subscription as Stripe has it now: what decides about money reads the authority."""
    found: list[Json] = []
    for customer_id in await list_customers_of(acting.database, member_id):
        asked = {"customer": customer_id, "status": "all", "limit": 100, "expand": ["data.schedule"]}
        found += objects_in({"list": await acting.ask("get", SUBSCRIPTIONS, asked)}, "list")
    return main_of(found)


async def decide_once(action: Action, decide: Callable[[], Awaitable[Decision | Refusal]]) -> Decision | Refusal:
    """The decision that was recorded first, which is this one if none was."""
    async with action.acting.database.transaction() as connection:
        first = await find_step(connection, action.action_key, DECISION)
    if first is None:
        decided = await decide()
        if isinstance(decided, Refusal):
            return decided
        async with action.acting.database.transaction() as connection:
            first = await record_step(connection, action.action_key, DECISION, asdict(decided))
    return _decision_in(first)


def _decision_in(stored: Mapping[str, Any]) -> Decision:
    requests = tuple(Request(**each) for each in stored["requests"])
    fields: dict[str, Any] = {**stored, "requests": requests}
    return Decision(**fields)


def decision_of(current: Current, requests: Iterable[Request], **says: Any) -> Decision:
    """Of requests alone."""
    return Decision(current.subscription.customer_id, current.subscription.id, tuple(requests), says=says)


def released(current: Current) -> list[Request]:
    """Lets go of a schedule: as long as there is one, it alone says how the subscription goes on."""
    id = current.schedule_id
    return [Request("release", "post", f"{SCHEDULES}/{id}/release")] if id else []


async def carry_out(action: Action, decided: Decision) -> Result:
    answers: dict[str, Json] = {}
    for request in decided.requests:
        answer = await _answer(action, decided, request)
        if isinstance(answer, Refusal):
            return answer
        answers[request.step] = answer
    if decided.later is not None:
        schedule = decided.schedule or answers["schedule"]
        phases = {"phases": phases_for(schedule, decided.later), "end_behavior": "release"}
        await action.ask("phases", "post", f"{SCHEDULES}/{id_of(schedule)}", phases)
    await action.sync(decided.customer_id)
    if answers.get("resume", {}).get("status") == "paused":
        return STILL_PAUSED
    confirmation = next((found for answer in answers.values() if (found := confirmation_in(answer))), None)
    id = decided.subscription_id or id_of(answers["create"])
    return {"subscription_id": id, "confirmation": confirmation, **decided.says}


async def _answer(action: Action, decided: Decision, request: Request) -> Json | Refusal:
    try:
        return await action.ask(request.step, request.method, request.path, request.parameters)
    except Refused as fault:
        if request.method == "delete" and fault.stripe_code == "resource_missing":
            return {}  # Stripe has no idempotency keys for deletions: it is gone, by us or by another
        if request.confirm is not None and fault.stripe_code in ASKS_THE_BUYER:
            again = {**request.parameters, **request.confirm}
            return await action.ask(f"{request.step} to confirm", request.method, request.path, again)
        if fault.stripe_code == "resource_missing" and request.confirm is not None:
            method = await payment_method_for(action.acting.ask, decided.customer_id, None)
            if method is None:
                return NO_PAYMENT_METHOD
        raise


async def payment_method_for(ask: Ask, customer_id: str, preferred: str | None) -> str | None:
    """The preferred one if it is there, else the customer's default, else any; None without. Raises Unavailable."""
    methods = await ask("get", "/v1/payment_methods", {"customer": customer_id, "limit": 100})
    ids = [id_of(method) for method in objects_in({"list": methods}, "list")]
    if preferred in ids:
        return preferred
    customer = await ask("get", f"/v1/customers/{customer_id}")
    default = text_in(object_in(customer, "invoice_settings"), "default_payment_method")
    return default if default in ids else next(iter(ids), None)


def confirmation_in(answer: Json) -> Json | None:
    """What the buyer needs to confirm a payment, of a subscription or invoice that was asked to show it."""
    invoice = object_in(answer, "latest_invoice") or answer
    secret = text_in(object_in(invoice, "confirmation_secret"), "client_secret")
    waits = object_in(answer, "pending_update") or answer.get("status") in ("incomplete", "open")
    if not secret or not waits:
        return None
    return {"client_secret": secret, "invoice_url": text_in(invoice, "hosted_invoice_url")}
