"""What may befall the machine at any step: crashes, leases that end, evictions, failovers, time."""

from collections.abc import Iterator

from billing.queue import LEASE_SECONDS
from gating.publish import run_publisher
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from storage.redis import connect_redis
from tests.model.cache_side import spent
from tests.model.stripe_side import with_worker
from tests.model.world import (
    ANSWERED,
    HELD,
    LONG_AGO,
    LOSS,
    NOTHING,
    Design,
    Publisher,
    Reader,
    Setup,
    State,
    Step,
    Worker,
    mirrors,
    placed,
)
from webhooks.worker import Worker as RealWorker

assert LEASE_SECONDS, "a lease ends by itself: `leases` mirrors that"


def faults(state: State, setup: Setup, design: Design) -> Iterator[Step]:
    yield from leases(state)
    if state.faults.crashes:
        yield from crashes(less(state, "crashes"), setup)
    if state.faults.evictions:
        yield from evictions(less(state, "evictions"))
    if state.faults.failovers:
        yield from failovers(state)
    yield from late_commands(state, setup, design)
    if design.answer_first:
        yield from lost_in_memory(state)
    yield from tick(state, setup, design)


def less(state: State, fault: str) -> State:
    left = state.faults
    return state._replace(faults=left._replace(**{fault: getattr(left, fault) - 1}))


@mirrors(RealWorker.run)
def leases(state: State) -> Iterator[Step]:
    """The lease of a dead worker ends; that of a live one, when it is paused or cut off for too long."""
    if not state.leased:
        return
    if not any(each.current for each in state.workers):
        yield "the lease of the dead ends", state._replace(leased=False)
    elif state.faults.expiries:
        yield "the lease ends", less(state, "expiries")._replace(leased=False)


@mirrors(RealWorker.run, run_publisher, EntitlementStore.run)
def crashes(state: State, setup: Setup) -> Iterator[Step]:
    """Any process, wherever it is; a new one takes its place."""
    for place, worker in enumerate(state.workers):
        if worker.step != "claim" and worker not in state.workers[:place]:
            yield f"the worker that would {worker.step} dies", with_worker(state, place, Worker())
    for actor, publisher in enumerate(state.publishers):
        if publisher.step != "select":
            after = spent(state, actor)._replace(publishers=placed(state.publishers, actor, Publisher()))
            yield f"publisher {actor} dies", after
    for place, reader in enumerate(state.readers):
        if reader != Reader():
            after = spent(state, setup.first_reader() + place)
            yield f"reader {place} dies", after._replace(readers=placed(after.readers, place, Reader()))


def evictions(state: State) -> Iterator[Step]:
    """Also the end of a time to live."""
    if state.entry != NOTHING:
        yield "the entry is evicted", state._replace(entry=NOTHING)
    if state.token != NOTHING:
        yield "the token is evicted", state._replace(token=NOTHING)


@mirrors(RedisSnapshots.incarnation, RedisSnapshots.changes)
def failovers(state: State) -> Iterator[Step]:
    """The replica follows when it does; promoted, it has what it had, and every listener hears that it lost some."""
    if state.replica != (state.entry, state.token):
        yield "the replica follows", state._replace(replica=(state.entry, state.token))
    entry, token = state.replica
    readers = tuple(each._replace(messages=(LOSS,)) for each in state.readers)
    moved = less(state, "failovers")._replace(entry=entry, token=token, readers=readers)
    yield "failover", moved._replace(incarnation=state.incarnation + 1, healing=True)


@mirrors(connect_redis)
def late_commands(state: State, setup: Setup, design: Design) -> Iterator[Step]:
    """A SET of a token that nobody answered arrives when it likes: nobody's by then, it only puts others off.

    Were the same token sent again, the late one would be somebody's.
    """
    holders = [actor for actor, each in enumerate(state.publishers) if each.step == "read"]
    first = setup.first_reader()
    holders += [first + place for place, each in enumerate(state.readers) if each.step == "read" and each.tokened]
    if state.faults.resends and design.token_before_read:
        for actor in holders:
            left = actor if design.resend == "same token" else NOTHING
            yield f"a SET of {actor} was sent twice", less(state, "resends")._replace(late=(*state.late, left))
    for place, actor in enumerate(state.late):
        rest = (*state.late[:place], *state.late[place + 1 :])
        yield f"a late SET of {actor} arrives", state._replace(token=actor, late=rest)


def lost_in_memory(state: State) -> Iterator[Step]:
    for number, event in enumerate(state.events):
        if event & HELD and event & ANSWERED and state.faults.crashes:
            events = placed(state.events, number, event & ~HELD)
            yield f"the web process with event {number + 1} dies", less(state, "crashes")._replace(events=events)


def tick(state: State, setup: Setup, design: Design) -> Iterator[Step]:
    """A second passes, in which all that is under way ends: that publishers keep up is what the bound of I4 assumes.

    Memory forgets, and what was superseded is older by one.
    """
    moving = (
        state.outbox != NOTHING
        or any(each.step != "select" for each in state.publishers)
        or any(each.step != "idle" or each.messages for each in state.readers)
        or (design.republish and state.seen != state.incarnation)
    )
    if setup.readers and not moving:
        readers = tuple(each._replace(memory=NOTHING, distrusts=False) for each in state.readers)
        ages = tuple(min(age + 1, LONG_AGO) for age in state.ages)
        yield "a second passes", state._replace(readers=readers, ages=ages, healing=False)
