"""From a change at Stripe to the committed row: deliveries, and workers that note, fetch and save."""

from collections.abc import Iterator

from billing.events import record_events
from billing.intake import take_in
from billing.queue import claim_due, complete, mark_dirty
from billing.sync import fetch_customer, save_customer
from gating.record import record_grants
from tests.model.world import ANSWERED, HAPPENED, HELD, STORED, Design, Setup, State, Step, Worker, mirrors, placed
from webhooks.endpoint import webhook_route
from webhooks.inbox import Inbox


def stripe_side(state: State, setup: Setup, design: Design) -> Iterator[Step]:
    yield from change(state, setup)
    for number in range(len(state.events)):
        yield from deliver(state, setup, design, number)
    for place, worker in enumerate(state.workers):
        if place == 0 or worker != state.workers[place - 1]:  # equal workers take equal steps
            yield from work(state, setup, design, place, worker)


@mirrors(record_grants)
def change(state: State, setup: Setup) -> Iterator[Step]:
    """Stripe's state moves on, and an event of it is due; or an operator grants something else."""
    if state.truth + 1 == len(setup.holds):
        return
    moved = state._replace(truth=state.truth + 1)
    if setup.direct:
        yield f"record {moved.truth}", record(moved, setup.holds[moved.truth], moved.truth)
    else:
        yield f"Stripe {moved.truth}", moved._replace(events=placed(moved.events, state.truth, HAPPENED))


@mirrors(webhook_route, Inbox.accept, take_in, record_events, mark_dirty)
def deliver(state: State, setup: Setup, design: Design, number: int) -> Iterator[Step]:
    """One delivery: committed, then answered. Stripe sends again what was not answered, and now and then what was."""
    event = state.events[number]
    name = f"event {number + 1}"
    if not event & HAPPENED:
        return
    if design.answer_first and event == HAPPENED:
        yield f"{name} answered, held", state._replace(events=placed(state.events, number, event | ANSWERED | HELD))
        return
    if event & HELD:
        yield f"{name} stored", store(state, setup, design, number, ~HELD)
    elif not event & STORED:
        yield f"{name} stored", store(state, setup, design, number, ~0)
    elif not event & ANSWERED:
        yield f"{name} answered", state._replace(events=placed(state.events, number, event | ANSWERED))
        yield f"{name} sent again", store(state, setup, design, number, ~0)
    elif state.faults.duplicates:
        faults = state.faults._replace(duplicates=state.faults.duplicates - 1)
        yield f"{name} doubled", store(state._replace(faults=faults), setup, design, number, ~0)


def store(state: State, setup: Setup, design: Design, number: int, keep: int) -> State:
    """The row of the event and, if it is new, the signal; one transaction.

    A customer that is dirty already is only counted again where a worker may have noted how dirty it is.
    """
    event = state.events[number]
    new = not event & STORED
    state = state._replace(events=placed(state.events, number, (event | STORED) & keep))
    if design.payload == "is the state":
        return record(state, setup.holds[number + 1], state.applied) if new else state
    if design.payload == "first, always" or (design.payload == "first, when new" and new):
        state = record(state, setup.holds[number + 1], state.applied)
    noted = design.count == "when noted" and any(each.current for each in state.workers)
    counted = new and (state.dirty == state.clean or noted)
    return state._replace(dirty=state.dirty + counted)


def work(state: State, setup: Setup, design: Design, place: int, worker: Worker) -> Iterator[Step]:
    step = {"claim": claim, "fetch": fetch, "note": note, "save": save}[worker.step]
    yield from step(state, setup, design, place, worker)


def with_worker(state: State, place: int, worker: Worker) -> State:
    """Sorted, since it does not matter which worker is which."""
    return state._replace(workers=tuple(sorted(placed(state.workers, place, worker))))


@mirrors(claim_due)
def claim(state: State, setup: Setup, design: Design, place: int, worker: Worker) -> Iterator[Step]:
    """Leases the customer, raises its token and notes how dirty it is."""
    if state.dirty > state.clean and not (design.lease and state.leased):
        others = tuple(each._replace(current=False) for each in state.workers)
        claimed = Worker("fetch", noted=state.dirty, current=True)
        yield "claim", with_worker(state._replace(leased=True, workers=others), place, claimed)


@mirrors(fetch_customer)
def fetch(state: State, setup: Setup, design: Design, place: int, worker: Worker) -> Iterator[Step]:
    """Stripe answers with what is true now."""
    step = "note" if design.note == "after" else "save"
    yield "fetch", with_worker(state, place, worker._replace(step=step, fetched=state.truth))


def note(state: State, setup: Setup, design: Design, place: int, worker: Worker) -> Iterator[Step]:
    """A mutant's alone: how dirty it is, read when the fetch is back."""
    yield "note", with_worker(state, place, worker._replace(step="save", noted=state.dirty))


@mirrors(save_customer, complete)
def save(state: State, setup: Setup, design: Design, place: int, worker: Worker) -> Iterator[Step]:
    """Everything in one transaction, unless somebody has claimed the customer since."""
    state = with_worker(state, place, Worker())
    if design.fence and not worker.current:
        yield "save refused", state
        return
    clean = state.dirty if design.clean == "dirty" else max(state.clean, worker.noted)
    if design.payload == "ignored" and worker.fetched < state.applied:
        state = state._replace(broken="I3: a later state of Stripe's was saved before")
    state = record(state, setup.holds[worker.fetched], worker.fetched)
    yield f"save {worker.fetched}", state._replace(clean=clean, leased=state.leased and not worker.current)


@mirrors(record_grants)
def record(state: State, content: int, applied: int) -> State:
    """A new revision, left to publish, iff what the member holds changes."""
    state = state._replace(applied=applied)
    if content == state.contents[-1]:
        return state
    contents = (*state.contents, content)
    return state._replace(contents=contents, ages=(*state.ages, 0), outbox=len(contents) - 1)
