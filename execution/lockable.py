"""The denial of a type's LOCK fields as data, for `access: Access!` of `Lockable`."""

from typing import Any

from execution.denials import TypeAccess, denial_for
from execution.running import executor_of
from gating.model import Mode


def access_of(info: Any, type_name: str) -> TypeAccess:
    """Whether the LOCK fields of `type_name` are open to the caller of `info`; worked out once for each operation.

    A static check makes all LOCK fields of one type share one rule, so any of them speaks for all.
    """
    executor = executor_of(info)
    known = executor.type_accesses.get(type_name)
    if known is None:
        denials = executor.gate.fields.get(type_name, {}).values()
        locked = next((denied for denied in denials if denied.rule.mode is Mode.LOCK), None)
        denial = denial_for(locked, executor.access, executor.offers) if locked else None
        known = executor.type_accesses[type_name] = TypeAccess(locked is None, denial)
    return known
