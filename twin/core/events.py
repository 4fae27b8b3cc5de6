"""Events as Stripe renders them: once, when they are made. https://docs.stripe.com/api/events/object"""

from typing import Any

from twin.core.settings import API_VERSION
from twin.core.store import Object, bare, is_object, shown


def event_of(
    id: str, type: str, version: Object, previous: Object | None, created: int, request: dict[str, str | None]
) -> Object:
    data: Object = {"object": shown(version)}
    if previous:
        data["previous_attributes"] = previous
    return {
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": dict(request),
        "type": type,
    }


def changed_attributes(before: Object, after: Object) -> Object:
    """`previous_attributes`: what the changed fields were; in nested objects only what changed, lists whole."""
    changed: Object = {}
    for name in before.keys() | after.keys():
        if name[0] == "_":
            continue
        old, new = before.get(name), after.get(name)
        if old != new:
            changed[name] = bare(name, _previous(old, new))
    return dict(sorted(changed.items()))


def _previous(old: Any, new: Any) -> Any:
    nested = is_object(old) and is_object(new) and old.get("object") is None
    return changed_attributes(old, new) if nested else old
