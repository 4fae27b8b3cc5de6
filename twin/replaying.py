"""Recorded histories in the twin: its state follows their objects, and their events go out as its own do.

What is replayed is inert: it happens when it is told to, and nothing of it happens by itself.
"""

from collections.abc import Mapping
from typing import Any

from twin.account import Twin
from twin.core.store import Object

CLOSES = {"customer.deleted", "product.deleted", "price.deleted"}


def replay(twin: Twin, event: Mapping[str, Any]) -> None:
    """What the event tells of is true from now on, and its delivery is under way."""
    world = twin.world
    subject: Object = dict(event["data"]["object"])
    if "id" in subject:
        if event["type"] in CLOSES:
            subject["deleted"] = True
        world.store.save(subject, world.now)
    customer: object = subject.get("customer")
    if isinstance(customer, str) and customer not in world.store.objects:
        # A history may begin after its customer did: whoever is named exists.
        world.store.save({"id": customer, "object": "customer", "test_clock": None}, world.now)
    held: Object = {"pending_webhooks": 0, **event, "_moment": world.now}
    world.store.save(held, world.now)
    world.made.append(held)
    world.store.commit()
    twin.post.plan(world)
