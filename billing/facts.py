"""What one event proves for ever, whenever it arrives: links, pauses of collection, claims on a member.

Facts are read off an event alone, so the facts of a set of events do not depend on their order, and a duplicate adds
nothing. State (what a subscription is now) is never read off an event: that is fetched.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing.bought import is_purchase
from billing.dunning import InvoiceFact, InvoiceStep
from billing.objects import MaybeObject, id_in, is_object, object_in, objects_in, text_in, time_in
from billing.state import Claim, Kind, Link, Node, PauseFact, PauseStep, Subscription

SOURCES = ("subscription", "customer", "checkout_metadata", "checkout")
"""Which claim wins where two were made at the same instant: the last one named."""

LONGEST_MEMBER_ID = 200
START = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one event proves, each fact once; always in the same order."""

    links: tuple[Link, ...] = ()
    pauses: tuple[PauseFact, ...] = ()
    claims: tuple[Claim, ...] = ()
    invoices: tuple[InvoiceFact, ...] = ()


def facts_of(event: Mapping[str, Any], member_key: str) -> Facts:
    """The facts in an event's JSON. Total: whatever else it holds is ignored."""
    data = object_in(event, "data")
    subject = object_in(data, "object")
    return Facts(
        links=tuple(links_of(subject)),
        pauses=tuple(sorted(_pauses(event, subject, object_in(data, "previous_attributes")))),
        claims=tuple(sorted(_claims(event, subject, member_key))),
        invoices=tuple(_invoice_facts(event, subject)),
    )


def links_of(subject: Mapping[str, Any]) -> Iterator[Link]:
    """The links that a Stripe object of any kind holds, from an event or fetched; each once."""
    kind, id = text_in(subject, "object"), text_in(subject, "id")
    if kind == "invoice_payment":
        payment, invoice = object_in(subject, "payment"), id_in(subject, "invoice")
        for paid_by in (Kind.PAYMENT_INTENT, Kind.CHARGE):
            yield from _link(Node(paid_by, id_in(payment, paid_by) or ""), Kind.INVOICE, invoice)
    elif kind is not None and kind in LINKS and id is not None:
        child = Node(Kind(kind), id)
        for parent, key in LINKS[kind]:
            yield from _link(child, parent, id_in(subject, key))
        if kind == Kind.INVOICE:
            yield from _link(child, Kind.SUBSCRIPTION, subscription_of_invoice(subject))
        if kind == Kind.PAYMENT_INTENT:
            yield from _link(Node(Kind.CHARGE, id_in(subject, "latest_charge") or ""), Kind.PAYMENT_INTENT, id)
    if id is not None and is_purchase(subject):
        # An invoice's link to its customer is there already, and two ids are linked once.
        invoice = kind == Kind.INVOICE
        parent = (Kind.INVOICE, id) if invoice else (Kind.CUSTOMER, id_in(subject, "customer"))
        yield from _link(Node(Kind.PURCHASE, id), *parent)


LINKS: Mapping[str, tuple[tuple[Kind, str], ...]] = {
    "dispute": ((Kind.CHARGE, "charge"), (Kind.PAYMENT_INTENT, "payment_intent")),
    "charge": ((Kind.PAYMENT_INTENT, "payment_intent"), (Kind.CUSTOMER, "customer")),
    "payment_intent": ((Kind.CUSTOMER, "customer"),),
    "invoice": ((Kind.CUSTOMER, "customer"),),
    "subscription": ((Kind.CUSTOMER, "customer"),),
    "payment_method": ((Kind.CUSTOMER, "customer"),),
}
"""Which of an object's fields name what it came from."""


def _link(child: Node, kind: Kind, parent_id: str | None) -> Iterator[Link]:
    if child.id and parent_id:
        yield Link(child, Node(kind, parent_id))


def subscription_of_invoice(invoice: Mapping[str, Any]) -> str | None:
    return id_in(object_in(object_in(invoice, "parent"), "subscription_details"), "subscription")


INVOICE_STEPS: Mapping[str, InvoiceStep] = {
    "invoice.payment_failed": InvoiceStep.FAILED,
    "invoice.payment_action_required": InvoiceStep.ACTION_REQUIRED,
    "invoice.paid": InvoiceStep.PAID,
    "invoice.payment_succeeded": InvoiceStep.PAID,
    "invoice.voided": InvoiceStep.GIVEN_UP,
    "invoice.marked_uncollectible": InvoiceStep.GIVEN_UP,
}


def _invoice_facts(event: Mapping[str, Any], subject: Mapping[str, Any]) -> Iterator[InvoiceFact]:
    """A first payment that fails begins no dunning: nothing was given yet."""
    step = INVOICE_STEPS.get(text_in(event, "type") or "")
    if step is None:
        return
    occurred_at = time_in(event, "created")
    invoice_id, subscription_id = text_in(subject, "id"), subscription_of_invoice(subject)
    first = step is InvoiceStep.FAILED and subject.get("billing_reason") == "subscription_create"
    if occurred_at and invoice_id and subscription_id and not first:
        yield InvoiceFact(invoice_id, subscription_id, step, occurred_at)


def _pauses(event: Mapping[str, Any], subject: Mapping[str, Any], previous: Mapping[str, Any]) -> Iterator[PauseFact]:
    kind = text_in(subject, "object")
    if kind == "invoice" and subject.get("status") == "void":
        yield from _voided(subject, time_in(event, "created"))
    if kind != "subscription":
        return
    occurred_at, id = time_in(event, "created"), text_in(subject, "id")
    if occurred_at is None or id is None:
        return
    paused = is_object(subject.get("pause_collection"))
    began_so = text_in(event, "type") == "customer.subscription.created"
    if paused and (began_so or ("pause_collection" in previous and previous["pause_collection"] is None)):
        yield _paused(subject, id, occurred_at)
    elif not paused and is_object(previous.get("pause_collection")):
        yield PauseFact(id, PauseStep.RESUMED, occurred_at, None)


def _paused(subscription: Mapping[str, Any], id: str, occurred_at: datetime) -> PauseFact:
    """That it was paused within the period that the subscription shows."""
    ends_at = _latest_among_items(subscription, "current_period_end")
    return PauseFact(id, PauseStep.PAUSED, occurred_at, ends_at)


def _latest_among_items(subscription: Mapping[str, Any], key: str) -> datetime | None:
    times = [time_in(item, key) for item in objects_in(subscription, "items")]
    return max((at for at in times if at), default=None)


def pause_shown_by(subscription: Mapping[str, Any], invoice: MaybeObject, now: datetime) -> PauseFact | None:
    """What its latest invoice proves of the pause that stands `now`, for which no event is known.

    An invoice of this period that stands says that the pause began in this period, a voided one that it began before.
    """
    id, made_at = text_in(subscription, "id"), time_in(invoice, "created")
    starts_at = _latest_among_items(subscription, "current_period_start")
    paused = is_object(subscription.get("pause_collection"))
    if id is None or not paused or made_at is None or starts_at is None or made_at < starts_at:
        return None
    if text_in(invoice, "status") == "void":
        return PauseFact(id, PauseStep.VOIDED, now, starts_at)
    return None if text_in(invoice, "status") == "draft" else _paused(subscription, id, now)


def _voided(invoice: Mapping[str, Any], occurred_at: datetime | None) -> Iterator[PauseFact]:
    subscription_id = subscription_of_invoice(invoice)
    if subscription_id is None or occurred_at is None or invoice.get("billing_reason") != "subscription_cycle":
        return
    starts = [time_in(object_in(line, "period"), "start") for line in objects_in(invoice, "lines")]
    start = min((start for start in starts if start), default=time_in(invoice, "period_end"))
    yield PauseFact(subscription_id, PauseStep.VOIDED, occurred_at, start)


def pauses_between(
    before: Mapping[str, Subscription], after: Mapping[str, Subscription], now: datetime
) -> list[PauseFact]:
    """What two states of a customer prove, by subscription id, of pauses that began between them.

    Where both are of one period, the pause began in it, whatever else is known: the event that says when may be late,
    and whoever has paid must not wait for it. `now` is when the later state was fetched.
    """
    return [
        PauseFact(id, PauseStep.PAUSED, now, then.current_period_end)
        for id, then in sorted(after.items())
        if (held := before.get(id)) is not None
        and (held.pause_behavior is None)
        and (then.pause_behavior is not None)
        and held.current_period_end == then.current_period_end
    ]


def paused_until(subscription_id: str, facts: Iterable[PauseFact]) -> datetime | None:
    """The period end in force when the pause that now stands began; None when no event seen so far proves it.

    A pause older than the last known resumption is over, and proves nothing about the one that stands.
    """
    own = [fact for fact in facts if fact.subscription_id == subscription_id]
    resumed_at = max((fact.occurred_at for fact in own if fact.step is PauseStep.RESUMED), default=START)
    standing = [fact for fact in own if fact.occurred_at >= resumed_at and fact.period_end is not None]
    paused = [(fact.occurred_at, fact.period_end) for fact in standing if fact.step is PauseStep.PAUSED]
    if paused:
        return max(paused, key=lambda fact: (fact[0], fact[1] or START))[1]
    voided = [fact.period_end for fact in standing if fact.step is PauseStep.VOIDED]
    return min((start for start in voided if start), default=None)


def _claims(event: Mapping[str, Any], subject: Mapping[str, Any], member_key: str) -> Iterator[Claim]:
    kind = text_in(subject, "object")
    if kind not in ("checkout.session", "customer", "subscription"):  # most events: spare them the rest
        return
    customer_id = text_in(subject, "id") if kind == "customer" else id_in(subject, "customer")
    seen_at = time_in(event, "created")
    if customer_id is None or seen_at is None:
        return
    if kind == "checkout.session" and subject.get("status") == "complete":
        named = {
            "checkout": _member_id(subject, "client_reference_id"),
            "checkout_metadata": _named(subject, member_key),
        }
        for source, member_id in named.items():
            if member_id:
                yield Claim(customer_id, seen_at, seen_at, source, member_id)
    elif kind != "checkout.session":
        before = object_in(object_in(event, "data"), "previous_attributes")
        changed = str(event.get("type")).endswith(".created") or member_key in object_in(before, "metadata")
        member_id = _named(subject, member_key)
        if changed and (member_id or not str(event.get("type")).endswith(".created")):
            yield Claim(customer_id, seen_at, seen_at, kind, member_id)
        elif member_id:
            yield Claim(customer_id, time_in(subject, "created") or seen_at, seen_at, kind, member_id)


def names_member(subject: Mapping[str, Any], member_key: str) -> bool:
    """Whether a customer's event may say whose customer it is."""
    return member_key in object_in(subject, "metadata") or bool(subject.get("client_reference_id"))


def _named(subject: Mapping[str, Any], member_key: str) -> str | None:
    """The member that an object's metadata names."""
    return _member_id(object_in(subject, "metadata"), member_key)


def _member_id(value: Mapping[str, Any], key: str) -> str | None:
    """None for what cannot be a member's id."""
    word = text_in(value, key)
    return word if word and len(word) <= LONGEST_MEMBER_ID else None


def claims_of_subscription(subscription: Subscription, member_key: str) -> Iterator[Claim]:
    """The link that a fetched subscription carries; older than any act of linking known from an event."""
    member_id = _member_id(subscription.metadata or {}, member_key)
    if member_id:
        at = subscription.created_at
        yield Claim(subscription.customer_id, at, at, "subscription", member_id)


def member_for(claims: Iterable[Claim]) -> str | None:
    """The member whom the latest claim names; at the same instant the stronger source, then the greater id."""
    latest = max(
        claims,
        key=lambda claim: (claim.claimed_at, claim.seen_at, SOURCES.index(claim.source), claim.member_id or ""),
        default=None,
    )
    return latest.member_id if latest else None
