"""The fields of entries and authors that are not simply columns."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import strawberry

from content.model import Author, Course, Entry, Lesson
from content.nested import COURSES, LESSONS, Nested, count_nested, list_nested
from execution.ready import Ready
from resolvers.columns import columns_for
from resolvers.connection import After, Connection, First, connect, page_for
from resolvers.context import Context, Info
from resolvers.loading import load_content
from resolvers.ready import list_ready
from resolvers.together import together


def open_body(root: strawberry.Parent[Entry]) -> str | None:
    return root.open_body


@together
async def course(lessons: Sequence[Lesson], info: Info) -> Sequence[Entry | None]:
    columns = columns_for(info, Course)
    return await load_content(info.context, [(each.parent_id or "", columns) for each in lessons])


@together
async def lessons(
    courses: Sequence[Course], info: Info, first: First = 20, after: After = None
) -> Sequence[Connection[Entry] | Ready]:
    return await _nested(info, LESSONS, Lesson, [each.id for each in courses], first, after)


@together
async def courses_of(
    authors: Sequence[Author], info: Info, first: First = 20, after: After = None
) -> Sequence[Connection[Entry] | Ready]:
    return await _nested(info, COURSES, Course, [each.id for each in authors], first, after)


async def _nested(
    info: Info, nested: Nested, record: type[Entry], parent_ids: Sequence[str], first: int, after: str | None
) -> Sequence[Connection[Entry] | Ready]:
    context, page = info.context, page_for(first, after, nested.kind, nested.key_type)
    if (ready := await list_ready(info, nested, parent_ids, page)) is not None:
        return ready
    found = await list_nested(
        context.services.database,
        context.access.features,
        columns_for(info, record, "edges", "node"),
        nested,
        list(dict.fromkeys(parent_ids)),
        after=page.after,
        limit=page.limit,
    )
    return [connect(found.get(each, ()), page, _counting(context, nested, each)) for each in parent_ids]


def _counting(context: Context, nested: Nested, parent_id: str) -> Callable[[], Awaitable[int]]:
    return lambda: context.load(COUNTS[nested.kind], parent_id)


async def _counts(context: Context, parent_ids: Sequence[str], *, nested: Nested) -> Sequence[int]:
    found = await count_nested(context.services.database, nested, parent_ids)
    return [found.get(each, 0) for each in parent_ids]


COUNTS = {nested.kind: partial(_counts, nested=nested) for nested in (LESSONS, COURSES)}
"""One object for each, since batches are told apart by what loads them."""
