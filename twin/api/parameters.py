"""Parameters checked and converted against stripe-python's own types.

A TypedDict's keys are the parameters, `Required` those that must come, `Literal`s the enumerations, `Literal['']` the
right to unset. The `|str` behind an enumeration only keeps the SDK open for later values: here it stays closed.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any

import typing_extensions

from twin.core.errors import ApiError, invalid

Convert = Callable[[Any, str], Any]
"""From a raw value (text from a form, or already typed) and the parameter's name to the typed value."""

GLOBAL = {"expand"}
CLIENT_SIDE = {
    "idempotency_key",
    "stripe_version",
    "stripe_account",
    "stripe_context",
    "api_key",
    "max_network_retries",
}
"""Options that the SDK's types carry beside parameters, and never sends as such."""
OUT_OF_SIGHT: dict[str, Any] = {"StripeContext": str, "Mapping": Mapping}
"""Names that those types only import for type checkers."""


@dataclass(frozen=True, slots=True)
class Fields:
    converters: Mapping[str, Convert]
    required: frozenset[str]

    def __call__(self, raw: Any, name: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise invalid("Invalid object", name, "parameter_invalid_object" if name else None)
        given = typing.cast("dict[str, Any]", raw)
        for key in given:
            if key not in self.converters:
                full = _inside(name, key)
                raise invalid(f"Received unknown parameter: {full}", full, "parameter_unknown")
        for key in sorted(self.required - given.keys()):
            full = _inside(name, key)
            raise invalid(f"Missing required param: {full}.", full, "parameter_missing")
        return {key: self.converters[key](value, _inside(name, key)) for key, value in given.items()}


@cache
def fields_of(params: type | None) -> Fields:
    """What a route takes; `expand` is taken everywhere."""
    converters: dict[str, Convert] = {"expand": _list_of(_text)}
    if params is None:
        return Fields(converters, frozenset())
    hints = typing_extensions.get_type_hints(params, localns=OUT_OF_SIGHT, include_extras=True)
    required: set[str] = set()
    for key, hint in hints.items():
        if key in CLIENT_SIDE or key == "headers":
            continue
        origin = typing_extensions.get_origin(hint)
        if origin in (typing_extensions.NotRequired, typing.NotRequired):
            converters[key] = converter_for(typing_extensions.get_args(hint)[0])
            continue
        if key not in GLOBAL:
            required.add(key)
        converters[key] = converter_for(hint)
    return Fields(converters, frozenset(required))


def converter_for(hint: Any) -> Convert:
    """The check of one type as stripe-python writes it."""
    if typing_extensions.is_typeddict(hint):
        return partial(_nested, hint)
    origin, arguments = typing_extensions.get_origin(hint), typing_extensions.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _any_of(arguments)
    if origin in (list, typing.Sequence):
        return _list_of(converter_for(arguments[0]))
    if origin in (typing.Literal, typing_extensions.Literal):
        return _one_of([str(value) for value in arguments])
    if origin is dict:
        return _map_of(_text if arguments[1] is str else converter_for(arguments[1]))
    if hint in SCALARS:
        return SCALARS[hint]
    return _anything


def _nested(params: type, raw: Any, name: str) -> Any:
    return fields_of(params)(raw, name)


def _any_of(hints: tuple[Any, ...]) -> Convert:
    literals = [str(value) for hint in hints if _is_literal(hint) for value in typing_extensions.get_args(hint)]
    named = [value for value in literals if value]
    rest = [hint for hint in hints if not _is_literal(hint) and not _is_stripe_object(hint)]
    if named:
        rest = [hint for hint in rest if hint is not str]
    scalars = [converter_for(hint) for hint in rest if hint in SCALARS]
    nested = [converter_for(hint) for hint in rest if hint not in SCALARS]

    def convert(raw: Any, name: str) -> Any:
        if raw == "" and "" in literals:
            return ""
        if isinstance(raw, dict | list):
            return _first(nested, raw, name)
        if raw in named:
            return raw
        if scalars:
            return _first(scalars, raw, name)
        return _one_of(named)(raw, name) if named else _first(nested, raw, name)

    return convert


def _first(converters: list[Convert], raw: Any, name: str) -> Any:
    """What the first fitting one makes of it; else the complaint of the last."""
    fault: ApiError = invalid("Invalid value", name)
    for convert in converters:
        try:
            return convert(raw, name)
        except ApiError as complaint:
            fault = complaint
    raise fault


def _is_literal(hint: Any) -> bool:
    return typing_extensions.get_origin(hint) in (typing.Literal, typing_extensions.Literal)


def _is_stripe_object(hint: Any) -> bool:
    origin = typing_extensions.get_origin(hint) or hint
    return getattr(origin, "__name__", "") == "UntypedStripeObject"


def _one_of(values: list[str]) -> Convert:
    def convert(raw: Any, name: str) -> Any:
        if raw in values:
            return raw
        listed = ", ".join(value for value in values[:-1] if value)
        choice = f"one of {listed}, or {values[-1]}" if listed else values[-1]
        raise invalid(f"Invalid {name}: must be {choice}", name)

    return convert


def _list_of(convert: Convert) -> Convert:
    def each(raw: Any, name: str) -> list[Any]:
        if not isinstance(raw, list):
            raise invalid("Invalid array", name)
        return [convert(value, f"{name}[{at}]") for at, value in enumerate(typing.cast("list[Any]", raw))]

    return each


def _map_of(convert: Convert) -> Convert:
    def each(raw: Any, name: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise invalid("Invalid object", name)
        entries = typing.cast("dict[str, Any]", raw)
        return {key: convert(value, _inside(name, key)) for key, value in entries.items()}

    return each


def _text(raw: Any, name: str) -> str:
    if not isinstance(raw, str):
        raise invalid("Invalid string: " + str(raw), name)
    return raw


def _filled(raw: Any, name: str) -> str:
    if raw == "":
        raise invalid(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty "
            "value.",
            name,
            "parameter_invalid_empty",
        )
    return _text(raw, name)


def _whole(raw: Any, name: str) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    try:
        return int(_text(raw, name))
    except ValueError:
        raise invalid(f"Invalid integer: {raw}", name, "parameter_invalid_integer") from None


def _number(raw: Any, name: str) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    try:
        return float(_text(raw, name))
    except ValueError:
        raise invalid(f"Invalid decimal: {raw}", name, "parameter_invalid_decimal") from None


def _decimal(raw: Any, name: str) -> Decimal:
    try:
        return Decimal(raw if isinstance(raw, int | Decimal) else _text(raw, name))
    except InvalidOperation:
        raise invalid(f"Invalid decimal: {raw}", name, "parameter_invalid_decimal") from None


def _truth(raw: Any, name: str) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw in ("true", "false"):
        return raw == "true"
    raise invalid(f"Invalid boolean: {raw}", name, "parameter_invalid_boolean")


def _anything(raw: Any, _name: str) -> Any:
    return raw


SCALARS: dict[Any, Convert] = {str: _filled, int: _whole, float: _number, bool: _truth, Decimal: _decimal}


def _inside(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key
