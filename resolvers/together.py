"""Resolvers that answer for many objects at once: one read for a whole level, however many lists it lies in."""

from asyncio import shield
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from inspect import Parameter, signature
from typing import Any, TypeVar, cast, get_args, get_type_hints

import strawberry
from strawberry.dataloader import DataLoader

from execution.definitions import BATCH, raw_info_of
from resolvers.context import Info

Value = TypeVar("Value")


def together(answer: Callable[..., Awaitable[Sequence[Value]]]) -> Callable[..., Awaitable[Value]]:
    """Of `answer(sources: Sequence[Record], info, **arguments)` the resolver of a field of `Record`.

    `answer` gives one value for each source, in their order. Plans call it as it is; the interpreter calls the resolver
    for each source, and `answer` once for all that ask in the same turn.
    """

    async def one(root: Any, info: Info, **arguments: Any) -> Value:
        nodes = raw_info_of(info).field_nodes
        key = (answer, *map(id, nodes))
        loader = info.context.loaders.get(key)
        if loader is None:
            load = partial(answer, info=info, **arguments)
            loader = info.context.loaders[key] = DataLoader(load_fn=load, cache_key_fn=id)
        return await shield(loader.load(root))  # an object that lies in several lists is waited for in each of them

    declared = signature(answer)
    sources, *others = declared.parameters.values()
    hints = get_type_hints(answer, include_extras=True)
    [record] = get_args(hints.pop(sources.name))
    root = Parameter("root", Parameter.POSITIONAL_OR_KEYWORD, annotation=strawberry.Parent[record])
    parameters = [root, *(each.replace(annotation=hints[each.name]) for each in others)]
    resolver: Any = one
    resolver.__signature__ = declared.replace(parameters=parameters, return_annotation=Any)
    resolver.__annotations__ = {each.name: each.annotation for each in parameters}
    resolver.__name__, resolver.__doc__, resolver.__module__ = answer.__name__, answer.__doc__, answer.__module__
    setattr(resolver, BATCH, answer)
    return cast("Callable[..., Awaitable[Value]]", one)
