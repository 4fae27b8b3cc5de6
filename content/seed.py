"""Demo content: the same rows each time, and nothing that is there already is touched."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from content.model import Kind
from content.sample import TOPICS, paragraph, person, title
from content.walled import BODY_FEATURE, FILE_FEATURE, STATS_FEATURE
from storage.database import Database

AUTHORS = 20
ARTICLES = 200
ARCHIVED = 20
DRAFTS = 5
POSTS = 12
COURSES = 6
LESSONS = 8
DOWNLOADS = 15

PREFIXES = {Kind.ARTICLE: "art", Kind.POST: "pst", Kind.COURSE: "crs", Kind.LESSON: "les", Kind.DOWNLOAD: "dwn"}

Row = dict[str, Any]

NOTHING: Row = {
    "parent_id": None,
    "position": None,
    "open_body": None,
    "file_name": None,
    "size_bytes": None,
    "archived_at": None,
}


async def seed_content(database: Database, now: datetime) -> None:
    """Authors, articles, posts, courses with lessons, downloads, their bodies, files and read counts. Idempotent.

    Dates are counted back from `now`.
    """
    rows = [*_articles(now), *_posts(now), *_courses(now), *_downloads(now)]
    # Without `downloads` and the others these rows could not be compared with what is there.
    async with database.walled_transaction({BODY_FEATURE, FILE_FEATURE, STATS_FEATURE}) as connection:
        await _insert(connection, "author", list(_authors(now)))
        await _insert(connection, "content", rows)
        await _insert(connection, "content_body", [_body(row) for row in rows if row["kind"] in ("article", "lesson")])
        await _insert(connection, "content_file", [_file(row) for row in rows if row["kind"] == "download"])
        await _insert(connection, "content_stats", [_stats(row) for row in rows if row["kind"] == "article"])


async def _insert(connection: AsyncConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    names = list(rows[0])
    values = ", ".join(f":{name}" for name in names)
    statement = text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT DO NOTHING")
    await connection.execute(statement, rows)


def _authors(now: datetime) -> Iterator[Row]:
    for number in range(AUTHORS):
        bio = f"Writes about {TOPICS[number % len(TOPICS)]}. {paragraph(f'author {number}', 1)}"
        yield {"id": author_id(number), "name": person(number), "bio": bio, "created_at": now - timedelta(days=900)}


def _articles(now: datetime) -> Iterator[Row]:
    for number in range(ARTICLES):
        row = _row(Kind.ARTICLE, number, title(number), now - timedelta(hours=19 * number + 1))
        if number >= ARTICLES - ARCHIVED:
            row["archived_at"] = now - timedelta(days=30)
        yield row
    for number in range(ARTICLES, ARTICLES + DRAFTS):
        yield {**_row(Kind.ARTICLE, number, title(number), now), "published_at": None}


def _posts(now: datetime) -> Iterator[Row]:
    for number in range(POSTS):
        row = _row(Kind.POST, number, f"News from the quay, number {number + 1}", now - timedelta(days=9 * number + 2))
        yield {**row, "open_body": paragraph(f"post {number}", 5)}


def _courses(now: datetime) -> Iterator[Row]:
    for number in range(COURSES):
        published_at = now - timedelta(days=40 * number + 5)
        topic = TOPICS[number]
        course = _row(Kind.COURSE, number, f"A course on {topic}", published_at)
        yield {**course, "open_body": paragraph(f"course {number}", 4)}
        for place in range(LESSONS):
            heading = f"{topic.capitalize()}, lesson {place + 1}"
            lesson = _row(Kind.LESSON, number * LESSONS + place, heading, published_at)
            yield {**lesson, "parent_id": course["id"], "position": place + 1}


def _downloads(now: datetime) -> Iterator[Row]:
    for number in range(DOWNLOADS):
        heading = f"Worksheet {number + 1}: {TOPICS[number]}"
        row = _row(Kind.DOWNLOAD, number, heading, now - timedelta(days=17 * number + 3))
        name = f"{row['slug']}.pdf"
        yield {**row, "open_body": paragraph(heading, 2), "file_name": name, "size_bytes": 50_000 + 7_919 * number}


def _row(kind: Kind, number: int, heading: str, published_at: datetime) -> Row:
    return {
        **NOTHING,
        "id": entry_id(kind, number),
        "kind": kind.value,
        "slug": re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-"),
        "title": heading,
        "teaser": paragraph(f"teaser {kind.value} {number}", 2),
        "author_id": author_id(number * 7 % AUTHORS),
        "tags": sorted({TOPICS[number % len(TOPICS)].replace(" ", "-"), ("practice", "history", "people")[number % 3]}),
        "published_at": published_at,
        "created_at": published_at,
    }


def _body(row: Row) -> Row:
    return {"content_id": row["id"], "required_feature": BODY_FEATURE, "body": paragraph(f"body {row['id']}", 9)}


def _file(row: Row) -> Row:
    url = f"https://files.example.com/{row['id']}/{row['file_name']}"
    return {"content_id": row["id"], "required_feature": FILE_FEATURE, "file_url": url}


def _stats(row: Row) -> Row:
    digest = hashlib.sha256(row["id"].encode()).digest()
    return {"content_id": row["id"], "required_feature": STATS_FEATURE, "read_count": int.from_bytes(digest[:2]) % 5000}


def entry_id(kind: Kind, number: int) -> str:
    """The id of the demo's entry of this kind and number, from 0."""
    return f"{PREFIXES[kind]}_{_opaque(f'{kind.value} {number}')}"


def author_id(number: int) -> str:
    """The id of the demo's author of this number, from 0."""
    return f"aut_{_opaque(f'author {number}')}"


def _opaque(name: str) -> str:
    return base64.b32encode(hashlib.sha256(name.encode()).digest()[:10]).decode().lower()
