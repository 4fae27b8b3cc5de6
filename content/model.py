"""The records of content. Each attribute is a column of the table; a record carries only those that were asked for.

Reading an attribute whose column was not asked for raises AttributeError: a bug of ours, never a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Author:
    id: str
    name: str
    bio: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One row of `content`. `published_at` is None for drafts; `position` counts from 1 within `parent_id`.

    `author` is joined; `body`, `file_url` and `read_count` are joined from behind the second wall: None for whoever
    reads without the feature that the row requires.
    """

    id: str
    slug: str
    title: str
    teaser: str
    author_id: str
    parent_id: str | None
    position: int | None
    tags: tuple[str, ...]
    open_body: str | None
    file_name: str | None
    size_bytes: int | None
    created_at: datetime
    published_at: datetime | None
    archived_at: datetime | None
    author: Author
    body: str | None
    file_url: str | None
    read_count: int | None


@dataclass(frozen=True, slots=True, repr=False)
class Article(Entry):
    """Its body is walled."""


@dataclass(frozen=True, slots=True, repr=False)
class Post(Entry):
    """Its body is open."""


@dataclass(frozen=True, slots=True, repr=False)
class Course(Entry):
    """Its body is open and describes it; its lessons are entries."""


@dataclass(frozen=True, slots=True, repr=False)
class Lesson(Entry):
    """Part of the course `parent_id`; its body is walled."""


@dataclass(frozen=True, slots=True, repr=False)
class Download(Entry):
    """Its body is open and describes it; where the file lies is walled."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag in use and how many published, unarchived entries carry it."""

    name: str
    content_count: int


class Kind(StrEnum):
    """The values are those of the column `kind`."""

    ARTICLE = "article"
    POST = "post"
    COURSE = "course"
    LESSON = "lesson"
    DOWNLOAD = "download"


RECORDS: Mapping[str, type[Entry]] = {
    Kind.ARTICLE: Article,
    Kind.POST: Post,
    Kind.COURSE: Course,
    Kind.LESSON: Lesson,
    Kind.DOWNLOAD: Download,
}

LISTED_KINDS = (Kind.ARTICLE, Kind.POST, Kind.COURSE, Kind.DOWNLOAD)
"""What stands in lists of content by itself; lessons are listed by their course."""

JOINED: Mapping[str, type[Any]] = {"author": Author}
"""Attributes of an entry that are records themselves, by the attribute's name."""

WALLED: Mapping[str, str] = {"body": "content_body", "file_url": "content_file", "read_count": "content_stats"}
"""Attributes of an entry that lie behind the second wall, each in a table of its own under the same name."""


def columns_of(record: type[Any]) -> frozenset[str]:
    """Every column that a record of this class can carry and anybody may read; what is joined is not among them."""
    return frozenset(field.name for field in fields(record)).difference(JOINED, WALLED)
