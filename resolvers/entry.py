"""The fields of one entry that are not simply its columns. What is walled is read for a whole list at once.

A resolver that answers a value or an awaitable of it finds what its `…_ahead` has read for the list.
"""

from collections.abc import Sequence
from typing import Any

import strawberry

from content.lessons import count_lessons, list_lessons
from content.model import Author, Course, Download, Entry, Lesson
from content.walled import find_bodies, find_file_urls, find_read_counts
from resolvers.columns import columns_for
from resolvers.connection import After, Connection, First, Page, connect, page_for
from resolvers.context import Context, Info
from resolvers.loading import load_authors, load_content

LessonsWanted = tuple[str, Page, frozenset[str]]


def author(root: strawberry.Parent[Entry], info: Info) -> Any:
    return info.context.find(load_authors, (root.author_id, columns_for(info, Author)))


async def authors_ahead(info: Info, entries: Sequence[Entry], path: tuple[str, ...]) -> None:
    columns = columns_for(info, Author, *path, "author")
    await info.context.read_ahead(load_authors, [(entry.author_id, columns) for entry in entries])


def open_body(root: strawberry.Parent[Entry]) -> str | None:
    return root.open_body


def body(root: strawberry.Parent[Entry], info: Info) -> Any:
    return info.context.find(load_bodies, root.id)


async def bodies_ahead(info: Info, entries: Sequence[Entry], _path: tuple[str, ...]) -> None:
    await info.context.read_ahead(load_bodies, [entry.id for entry in entries])


def file_url(root: strawberry.Parent[Download], info: Info) -> Any:
    return info.context.find(load_file_urls, root.id)


async def file_urls_ahead(info: Info, entries: Sequence[Entry], _path: tuple[str, ...]) -> None:
    await info.context.read_ahead(load_file_urls, [entry.id for entry in entries])


def read_count(root: strawberry.Parent[Entry], info: Info) -> Any:
    return info.context.find(load_read_counts, root.id)


async def read_counts_ahead(info: Info, entries: Sequence[Entry], _path: tuple[str, ...]) -> None:
    await info.context.read_ahead(load_read_counts, [entry.id for entry in entries])


async def course(root: strawberry.Parent[Lesson], info: Info) -> Entry | None:
    if root.parent_id is None:
        return None
    return await info.context.load(load_content, (root.parent_id, columns_for(info, Course)))


async def lessons(
    root: strawberry.Parent[Course], info: Info, first: First = 20, after: After = None
) -> Connection[Entry]:
    page = page_for(first, after, "position", int)
    wanted = (root.id, page, columns_for(info, Lesson, "edges", "node"))
    rows = await info.context.load(load_lessons, wanted)
    return connect(rows, page, lambda: info.context.load(load_lesson_counts, root.id))


async def load_bodies(context: Context, entry_ids: Sequence[str]) -> Sequence[str | None]:
    found = await find_bodies(context.services.database, context.access.features, entry_ids)
    return [found.get(entry_id) for entry_id in entry_ids]


async def load_file_urls(context: Context, entry_ids: Sequence[str]) -> Sequence[str | None]:
    found = await find_file_urls(context.services.database, context.access.features, entry_ids)
    return [found.get(entry_id) for entry_id in entry_ids]


async def load_read_counts(context: Context, entry_ids: Sequence[str]) -> Sequence[int | None]:
    found = await find_read_counts(context.services.database, context.access.features, entry_ids)
    return [found.get(entry_id) for entry_id in entry_ids]


async def load_lessons(context: Context, wanted: Sequence[LessonsWanted]) -> Sequence[Sequence[tuple[int, str, Entry]]]:
    """One statement for each distinct page; a list of courses asks for the same page of all of them."""
    found: dict[LessonsWanted, Sequence[tuple[int, str, Entry]]] = {}
    for page, columns in dict.fromkeys((page, columns) for _, page, columns in wanted):
        course_ids = [course_id for course_id, *same in wanted if same == [page, columns]]
        after = page.after[0] if page.after else 0
        listed = await list_lessons(context.services.database, columns, course_ids, after=after, limit=page.limit)
        for course_id in course_ids:
            rows = [(each.key, each.entry.id, each.entry) for each in listed.get(course_id, ())]
            found[course_id, page, columns] = rows
    return [found[each] for each in wanted]


async def load_lesson_counts(context: Context, course_ids: Sequence[str]) -> Sequence[int]:
    found = await count_lessons(context.services.database, course_ids)
    return [found.get(course_id, 0) for course_id in course_ids]
