"""What members do with content: keep it, read it, download it. Each repeats safely."""

from content.bookmarks import add_bookmark
from content.bookmarks import remove_bookmark as forget_bookmark
from content.find import find_content
from content.model import Article, Course, Download, Entry, Post
from content.walled import STATS_FEATURE, count_reading
from metering.model import ARTICLES_READ, DAILY_FEATURE, DOWNLOADS, UsageEvent
from metering.quota import find_exceeded
from metering.record import record_usage_in
from resolvers.columns import columns_for
from resolvers.context import Context, Info
from resolvers.inputs import is_id, text_of
from resolvers.outcome import Outcome, not_a_member, not_found, over_quota

KEPT = (Article, Post, Course, Download)


async def bookmark_content(info: Info, content_id: str) -> Outcome[Entry]:
    services, member_id = info.context.services, info.context.principal.member_id
    if member_id is None:
        return not_a_member()
    entry = await _find(info, "content", content_id, KEPT)
    if entry is None:
        return not_found("content", "contentId")
    await add_bookmark(services.database, member_id, entry.id, services.clock.now())
    return Outcome(entry)


async def remove_bookmark(info: Info, content_id: str) -> Outcome[Entry]:
    member_id = info.context.principal.member_id
    if member_id is None:
        return not_a_member()
    entry = await _find(info, "content", content_id, KEPT)
    if entry is None:
        return not_found("content", "contentId")
    await forget_bookmark(info.context.services.database, member_id, entry.id)
    return Outcome(entry)


async def record_reading(info: Info, article_id: str, key: str) -> Outcome[Entry]:
    """Counts for the member's meter and for the article, both or neither, once for each key."""
    services, member_id = info.context.services, info.context.principal.member_id
    if member_id is None:
        return not_a_member()
    event = _event(info.context, member_id, "reading", text_of("idempotencyKey", key), ARTICLES_READ, article_id)
    entry = await _find(info, "article", article_id, (Article,))
    if entry is None:
        return not_found("article", "articleId")
    async with services.database.walled_transaction({DAILY_FEATURE, STATS_FEATURE}) as connection:
        exceeded = await find_exceeded(connection, event, services.catalogue.quotas, services.store.whole)
        if exceeded is None and await record_usage_in(connection, [event]):
            await count_reading(connection, entry.id)
    if exceeded is not None:
        return over_quota(exceeded, services.catalogue)
    return Outcome(await _find(info, "article", article_id, (Article,)))  # as it is now: its count has grown


async def request_download(info: Info, download_id: str, key: str) -> Outcome[Entry]:
    member_id = info.context.principal.member_id
    if member_id is None:
        return not_a_member()
    event = _event(info.context, member_id, "download", text_of("idempotencyKey", key), DOWNLOADS, download_id)
    entry = await _find(info, "download", download_id, (Download,))
    if entry is None:
        return not_found("download", "downloadId")
    services = info.context.services
    async with services.database.walled_transaction({DAILY_FEATURE}) as connection:
        exceeded = await find_exceeded(connection, event, services.catalogue.quotas, services.store.whole)
        if exceeded is None:
            await record_usage_in(connection, [event])
    return Outcome(entry) if exceeded is None else over_quota(exceeded, services.catalogue)


def _event(context: Context, member_id: str, what: str, key: str, meter: str, subject_id: str) -> UsageEvent:
    """Keys of different actions do not meet."""
    now = context.services.clock.now()
    return UsageEvent(member_id, f"{what}:{key}", meter, now, subject_id=subject_id)


async def _find(info: Info, place: str, entry_id: str, records: tuple[type[Entry], ...]) -> Entry | None:
    """The published entry if it is one of `records`, as far as what is selected at `place` of the payload needs it."""
    if not is_id(entry_id):
        return None
    columns = columns_for(info, Entry, place)
    context = info.context
    found = (await find_content(context.services.database, context.access.features, columns, [entry_id])).get(entry_id)
    return found if isinstance(found, records) else None
