"""Publishing, and following what is published."""

from collections.abc import AsyncIterator

from content.find import find_content
from content.model import Entry, Lesson
from content.publish import publish_content as publish
from resolvers.columns import columns_for
from resolvers.context import Info
from resolvers.inputs import is_id
from resolvers.outcome import Outcome, UserErrorCode, not_found, refused


async def publish_content(info: Info, content_id: str) -> Outcome[Entry]:
    services, features = info.context.services, info.context.access.features
    columns = columns_for(info, Entry, "content")
    published = is_id(content_id) and await publish(services.database, content_id, services.clock.now())
    found = await find_content(services.database, features, columns, [content_id]) if is_id(content_id) else {}
    entry = found.get(content_id)
    if entry is None or isinstance(entry, Lesson):
        return not_found("content", "contentId")
    if not published:
        return refused(UserErrorCode.ALREADY_PUBLISHED, "It is published already: there is nothing to do.", "contentId")
    return Outcome(entry)


async def content_published(info: Info) -> AsyncIterator[Entry]:
    """Content by itself; lessons are announced by no one."""
    context = info.context
    async for content_id in context.services.feed.published():
        found = await find_content(
            context.services.database, context.access.features, columns_for(info, Entry), [content_id]
        )
        entry = found.get(content_id)
        if entry is not None and not isinstance(entry, Lesson):
            yield entry
