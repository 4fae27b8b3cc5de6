"""The lessons of courses, for many courses in one statement."""

from collections.abc import Iterable, Sequence

from content.browse import Listed, names_of
from content.records import entry_maker
from storage.database import Database


async def list_lessons(
    database: Database, columns: frozenset[str], course_ids: Iterable[str], *, after: int = 0, limit: int
) -> dict[str, Sequence[Listed]]:
    """By course, at most `limit` published lessons each, by position, those after the position `after`."""
    names = names_of(columns | {"parent_id", "position"})
    listed = ", ".join(names)
    query = (
        f"SELECT kind, {listed}, position AS cursor_key FROM"
        f" (SELECT kind, {listed}, row_number() OVER (PARTITION BY parent_id ORDER BY position) AS place FROM content"
        " WHERE kind = 'lesson' AND parent_id = ANY(:ids) AND published_at IS NOT NULL AND position > :after) q"
        " WHERE place <= :limit ORDER BY parent_id, position"
    )
    parameters = {"ids": list(course_ids), "after": after, "limit": limit}
    lessons: dict[str, list[Listed]] = {}
    make = entry_maker(names)
    for row in await database.fetch(query, parameters):
        lesson = make(row)
        lessons.setdefault(str(lesson.parent_id), []).append(Listed(row[-1], lesson))
    return {**lessons}


async def count_lessons(database: Database, course_ids: Iterable[str]) -> dict[str, int]:
    """Published lessons by course; a course without any is absent."""
    query = (
        "SELECT parent_id, count(*) AS total FROM content WHERE kind = 'lesson' AND parent_id = ANY(:ids)"
        " AND published_at IS NOT NULL GROUP BY parent_id"
    )
    return {row.parent_id: row.total for row in await database.fetch(query, {"ids": list(course_ids)})}
