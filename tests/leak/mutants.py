"""Enforcement with a hole: one coordinate keeps its directive and is not enforced."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from execution.gate import Gate
from gating.model import Access, Denied

Key = TypeVar("Key")


def forgetting(gate_for: Callable[[Access], Gate], coordinate: str) -> Callable[[Access], Gate]:
    """`gate_for` whose gates let `coordinate` through."""

    def without(denials: Mapping[Key, Denied]) -> dict[Key, Denied]:
        return {key: denied for key, denied in denials.items() if denied.rule.coordinate != coordinate}

    def forgetful(access: Access) -> Gate:
        gate = gate_for(access)
        return replace(
            gate,
            fields={owner: without(denials) for owner, denials in gate.fields.items()},
            arguments=without(gate.arguments),
            inputs=without(gate.inputs),
            enum_values=without(gate.enum_values),
        )

    return forgetful


def open_gate(gate_for: Callable[[Access], Gate]) -> Callable[[Access], Gate]:
    """`gate_for` whose gates let everything through: the second wall alone."""
    return lambda access: replace(gate_for(access), fields={}, arguments={}, inputs={}, enum_values={})
