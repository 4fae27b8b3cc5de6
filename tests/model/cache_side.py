"""From the committed row to the answer: publishers, the watcher of failovers, and readers that fill and remember."""

from collections.abc import Iterator

from gating.layers import Layers
from gating.memory import Memory
from gating.publish import publish, publish_pending, run_publisher
from gating.redis import RedisSnapshots
from gating.store import EntitlementStore
from tests.model.world import LOSS, NOTHING, Design, Publisher, Reader, Setup, State, Step, mirrors, placed


def cache_side(state: State, setup: Setup, design: Design) -> Iterator[Step]:
    for actor, publisher in enumerate(state.publishers):
        for name, after in publishing(state, setup, design, actor, publisher):
            yield f"publisher {actor}: {name}" if actor != setup.watcher else f"watcher: {name}", after
    first = setup.first_reader()
    for place, reader in enumerate(state.readers):
        for name, after in reading(state, design, first + place, place, reader):
            yield f"reader {place}: {name}", after
        if reader.messages:
            yield f"reader {place}: hears {reader.messages[0]}", hear(state, design, place, reader)


# Redis


@mirrors(RedisSnapshots.take_token)
def take(state: State, actor: int) -> State:
    """The last taker wins. What the actor took before means nothing any more."""
    return spent(state, actor)._replace(token=actor)


def spent(state: State, actor: int) -> State:
    """The actor will never again come with the token that it has taken; wherever it lies, it is nobody's."""
    entry, token = state.replica
    return state._replace(
        token=NOTHING if state.token == actor else state.token,
        replica=(entry, NOTHING if token == actor else token),
        late=tuple(NOTHING if each == actor else each for each in state.late),
    )


@mirrors(RedisSnapshots.put)
def put(state: State, actor: int, value: int, mode: str) -> tuple[bool, State]:
    """The script PUT: whether it was accepted, and what it left."""
    if mode == "delete":
        return True, state._replace(entry=NOTHING)
    if mode == "blind":
        return True, told(state._replace(entry=value), value)
    if mode == "token":
        if state.token != actor:
            return False, state
        state = state._replace(token=NOTHING)
    if value <= state.entry:
        return True, state
    return True, told(state._replace(entry=value), value)


def told(state: State, revision: int) -> State:
    readers = tuple(
        each if revision in each.messages[-1:] else each._replace(messages=(*each.messages, revision))
        for each in state.readers
    )
    return state._replace(readers=readers)


# Publishers


@mirrors(publish_pending, publish, run_publisher)
def publishing(state: State, setup: Setup, design: Design, actor: int, publisher: Publisher) -> Iterator[Step]:
    """Select, take the token, read, put; refused, look what is there and try again; then the row of the outbox."""

    def to(after: State, **changes: object) -> State:
        return after._replace(publishers=placed(after.publishers, actor, publisher._replace(**changes)))

    watcher = actor == setup.watcher
    match publisher.step:
        case "select":
            if not watcher and state.outbox != NOTHING:
                yield "selects", to(state, step="take", target=state.outbox)
            if watcher and design.republish and state.seen != state.incarnation:
                yield "selects", to(state, step="take", target=state.row, incarnation=state.incarnation)
        case "take":
            if design.token_before_read:
                yield "takes the token", to(take(state, actor), step="read")
            else:
                yield "reads", to(state, step="read", value=state.row)
        case "read":
            if design.token_before_read:
                value = publisher.target if design.publish == "outbox value" else state.row
                yield f"reads {value}", to(state, step="put", value=value)
            else:
                yield "takes the token", to(take(state, actor), step="put")
        case "put":
            mode = "compare" if design.publish == "outbox value" else design.publish
            accepted, after = put(state, actor, publisher.value, mode)
            step = "done" if accepted or not design.keep_refused else "find"
            yield ("puts" if accepted else "is refused"), to(spent(after, actor), step=step)
        case "find":
            there = state.entry >= publisher.target
            yield "looks", to(state, step="done", value=state.entry) if there else to(state, step="take", value=0)
        case "done":
            left = design.done_compares and state.outbox > publisher.value
            seen = state.seen
            if watcher:
                seen = publisher.incarnation if design.seen_as_of == "before" else state.incarnation
            after = state._replace(outbox=state.outbox if left else NOTHING, seen=seen)
            yield "is done", after._replace(publishers=placed(after.publishers, actor, Publisher()))


# Readers


def reading(state: State, design: Design, actor: int, place: int, reader: Reader) -> Iterator[Step]:
    if reader.step in ("find", "take", "put") and state.faults.failures:
        yield f"cannot {reader.step}", without_redis(state, actor, place, reader)
    match reader.step:
        case "idle":
            yield from asked(state, place, reader)
        case "find":
            if state.entry != NOTHING and state.entry >= reader.at_least:
                yield "finds it", answered(state, place, reader, state.entry)
            else:
                yield "misses", with_reader(state, place, reader._replace(step="take"))
        case _:
            yield from filling(state, design, actor, place, reader)


@mirrors(EntitlementStore.access_for, Memory.find)
def asked(state: State, place: int, reader: Reader) -> Iterator[Step]:
    if reader.memory != NOTHING:
        yield "remembers", answered(state, place, reader, reader.memory)
    else:
        step = "take" if reader.distrusts else "find"
        yield "is asked", with_reader(state, place, reader._replace(step=step))


@mirrors(Layers.read_authority)
def filling(state: State, design: Design, actor: int, place: int, reader: Reader) -> Iterator[Step]:
    """Take the token, read, put; once more when what was read is behind what has been heard since."""
    reads_first = not design.token_before_read
    match reader.step:
        case "take" if reads_first and not reader.tokened:
            yield "reads", with_reader(state, place, reader._replace(step="read", value=state.row))
        case "read" if reads_first and not reader.tokened:
            yield "takes", with_reader(take(state, actor), place, reader._replace(step="put", tokened=True))
        case "take":
            yield "takes", with_reader(take(state, actor), place, reader._replace(step="read", tokened=True))
        case "read":
            got = reader._replace(value=state.row)
            after = with_reader(state, place, got._replace(step="put"))
            yield f"reads {state.row}", after if reader.tokened else settled(state, place, got)
        case _:
            _, after = put(state, actor, reader.value, design.fill)
            yield "puts", settled(spent(after, actor), place, after.readers[place])


@mirrors(Layers.read_authority)
def settled(state: State, place: int, reader: Reader) -> State:
    if reader.value >= reader.at_least:
        return answered(state, place, reader, reader.value)
    if not reader.again:
        return with_reader(state, place, reader._replace(step="take", value=0, again=True, tokened=False))
    return with_reader(state, place, idle(reader))  # Unavailable


@mirrors(Layers.read, Layers.read_anew)
def without_redis(state: State, actor: int, place: int, reader: Reader) -> State:
    """Redis did not answer this once: read on without it."""
    state = state._replace(faults=state.faults._replace(failures=state.faults.failures - 1))
    if reader.step == "put":
        return settled(spent(state, actor), place, reader)
    step = "take" if reader.step == "find" else "read"
    return with_reader(state, place, reader._replace(step=step, tokened=False))


@mirrors(Memory.keep)
def answered(state: State, place: int, reader: Reader, revision: int) -> State:
    """The answer is given and remembered."""
    if revision < reader.at_least:
        state = state._replace(broken="I4: what one process answers goes back")
    kept = idle(reader)._replace(memory=revision, at_least=max(revision, reader.at_least))
    return with_reader(state, place, kept)._replace(answer=revision)


@mirrors(EntitlementStore.run, Memory.note, Memory.forget_entries)
def hear(state: State, design: Design, place: int, reader: Reader) -> State:
    message, rest = reader.messages[0], reader.messages[1:]
    reader = reader._replace(messages=rest)
    if message == LOSS:
        if design.forget_at_loss:
            reader = reader._replace(memory=NOTHING, distrusts=True)
        return with_reader(state, place, reader)
    known = max(message, reader.at_least)
    memory = NOTHING if reader.memory < known else reader.memory
    return with_reader(state, place, reader._replace(at_least=known, memory=memory))


def idle(reader: Reader) -> Reader:
    return reader._replace(step="idle", value=0, again=False, tokened=False)


def with_reader(state: State, place: int, reader: Reader) -> State:
    return state._replace(readers=placed(state.readers, place, reader))
