"""Whether JSON has the shape that stripe-python's own classes annotate."""

import importlib
import re
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import stripe
from stripe._object_classes import get_object_class
from stripe._stripe_object import UntypedStripeObject

IMPORT = re.compile(r"from (stripe[\w.]*) import (\([^)]*\)|[^\n]*)")


def problems_of(value: Any, path: str = "$") -> Iterator[str]:
    """What is wrong with an answer: keys that are missing or that the class does not know, values of another type."""
    if not isinstance(value, dict):
        yield f"{path}: no object"
        return
    found = cast("dict[str, Any]", value)
    kind: str = found.get("object", "")
    if kind in ("list", "search_result"):
        for at, each in enumerate(found["data"]):
            yield from problems_of(each, f"{path}.data[{at}]")
        return
    if found.get("deleted"):
        return
    model = get_object_class("V1", kind)
    if model is stripe.StripeObject:
        yield f"{path}: stripe-python knows no object {kind!r}"
        return
    yield from _against(found, model, f"{path}<{kind}>")


def _against(value: Mapping[str, Any], model: type, path: str) -> Iterator[str]:
    hints = hints_of(model)
    for name in sorted(value.keys() - hints.keys()):
        yield f"{path}.{name}: the class has no such key"
    for name, hint in hints.items():
        if name in value:
            yield from _typed(value[name], hint, f"{path}.{name}")
        elif type(None) not in typing.get_args(hint):
            yield f"{path}.{name}: missing, though the class requires it"


def _typed(value: Any, hint: Any, path: str) -> Iterator[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        yield from _any_of(value, arguments, path)
    elif origin is typing.Literal:
        if value not in arguments:
            yield f"{path}: {value!r} is none of {arguments}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for at, each in enumerate(cast("list[Any]", value)):
            yield from _typed(each, arguments[0], f"{path}[{at}]")
    elif origin is stripe.ListObject:
        yield from problems_of(value, path)
    elif origin is UntypedStripeObject or hint is Any:
        return
    elif isinstance(hint, type) and issubclass(hint, stripe.StripeObject):
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no {hint.__name__}"
            return
        yield from _against(cast("dict[str, Any]", value), hint, path)
    elif not _scalar(value, hint):
        yield f"{path}: {value!r} is no {hint}"


def _any_of(value: Any, hints: tuple[Any, ...], path: str) -> Iterator[str]:
    """An enumeration that is open to later values stays closed here."""
    named = any(typing.get_origin(hint) is typing.Literal for hint in hints)
    tried = [hint for hint in hints if not (named and hint is str)]
    complaints = [list(_typed(value, hint, path)) for hint in tried]
    if all(complaints):
        yield from min(
            complaints,
            key=lambda each: (any("is no " in line and line.startswith(path + ":") for line in each), len(each)),
        )


def _scalar(value: Any, hint: Any) -> bool:
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is Decimal:
        return isinstance(value, str) and Decimal(value).is_finite()
    if hint is type(None):
        return value is None
    return not isinstance(hint, type) or isinstance(value, hint)


@cache
def hints_of(model: type) -> Mapping[str, Any]:
    """The annotations of a class of the SDK, with the names that only its type checker imports."""
    own = {
        name: hint
        for base in reversed(model.__mro__)
        for name, hint in vars(base).get("__annotations__", {}).items()
        if issubclass(base, stripe.StripeObject) and base.__module__ not in HIDDEN
    }
    module = sys.modules[model.__module__]
    names = _Names(module)
    found: dict[str, Any] = {}
    for name, hint in own.items():
        if typing.get_origin(hint) is not typing.ClassVar and not name.startswith("_"):
            holder = type("Holder", (), {"__annotations__": {name: hint}, "__module__": model.__module__})
            found[name] = typing.get_type_hints(holder, localns=cast("dict[str, Any]", names))[name]
    return found


HIDDEN = {"stripe._stripe_object", "stripe._api_resource"}


class _Names(Mapping[str, Any]):
    """What a module imports for type checkers alone, imported after all."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module
        text = Path(cast("str", module.__file__)).read_text(encoding="utf-8")
        self._where = {name: where for where, names in IMPORT.findall(text) for name in self._named(names)}

    @staticmethod
    def _named(names: str) -> Iterator[str]:
        for part in names.strip("()").split(","):
            words = part.split()
            if words:
                yield words[-1]

    def __getitem__(self, name: str) -> Any:
        if name not in self._where:
            raise KeyError(name)
        module = importlib.import_module(self._where[name])
        return getattr(module, name, Any)

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)
