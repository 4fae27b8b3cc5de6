"""What the resources' modules share about parameters: unsetting, metadata, lists."""

from collections.abc import Iterable

from twin.api.pages import matching, page_of
from twin.api.routes import Params
from twin.core.errors import invalid
from twin.core.store import Object
from twin.core.world import World


def given(params: Params, *names: str) -> Object:
    """Those of the named parameters that came; an empty text is null."""
    return {name: None if params[name] == "" else params[name] for name in names if name in params}


def metadata_of(held: Object | None, params: Params) -> Object:
    """https://docs.stripe.com/api/metadata: keys are merged, an empty value removes its key, `''` removes all."""
    asked: object = params.get("metadata", {})
    if not isinstance(asked, dict):
        return {}
    merged: Object = {**(held or {}), **asked}
    return {name: value for name, value in merged.items() if value != ""}


def patched(version: Object, params: Params, *names: str) -> Object:
    """The changes that a request makes to plain fields and metadata."""
    changes = given(params, *names)
    if "metadata" in params:
        changes["metadata"] = metadata_of(version["metadata"], params)
    return changes


def required(params: Params, *names: str) -> None:
    """What Stripe demands although the SDK's types do not say so."""
    for name in names:
        if name not in params:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")


def listing(world: World, kind: str, params: Params, path: str, *names: str) -> Object:
    """A page of a kind, newest first; `names` are the filters that equal a field."""
    customer = params.get("customer")
    found: Iterable[Object]
    if customer and "customer" in names:
        world.get("customer", customer, "customer")
        found = world.store.children(kind, "customer", customer)
    else:
        found = world.store.of_kind(kind)
    return page_of(matching(found, params, *names), params, path)


def deleted(version: Object) -> Object:
    return {"id": version["id"], "object": version["object"], "deleted": True}
