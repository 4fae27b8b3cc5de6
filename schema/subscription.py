"""Everything that can be followed. Gates are asked again before each event."""

from collections.abc import AsyncIterator

import strawberry

from gating.directives import Authenticated, DenyMode, requires
from resolvers import live, publishing
from schema.content import Content
from schema.fields import follow
from schema.members import Member


@strawberry.type(description="Everything that can be followed.")
class Subscription:
    entitlements_changed: AsyncIterator[Member] = follow(
        "The caller as a member: at once, and again each time what it holds may have changed.",
        resolver=live.entitlements_changed,
        directives=[Authenticated()],
    )
    content_published: AsyncIterator[Content] = follow(
        "Content as it is published.",
        resolver=publishing.content_published,
        directives=[requires("live_updates", mode=DenyMode.REJECT)],
    )
