"""What is published. To gate a field, add a directive to it; to add one over a column, add a line."""

from datetime import datetime
from typing import Annotated

import strawberry

import content.model as records
from gating.directives import DenyMode, requires
from resolvers import entry
from schema.access import Lockable
from schema.fields import field, shows
from schema.node import Connection, Node


@strawberry.type(description="Who wrote something.")
class Author(Node):
    is_type_of = shows(records.Author)

    name: str = field("As it is to be shown.")
    bio: str | None = field("A few words about the author.")
    courses: Connection[Annotated["Course", strawberry.lazy("schema.content")]] = field(
        "The author's published courses, the latest first.", resolver=entry.courses_of, columns=()
    )


@strawberry.type(description="A subject that content is filed under.")
class Tag:
    name: str = field("The tag itself: lower case, to be used in filters.")
    content_count: int = field("How much published content carries it, archived content left out.")


@strawberry.interface(description="Whatever is published by itself: articles, posts, courses and downloads.")
class Content(Node):
    slug: str = field("The readable name in addresses; unique, may change.")
    title: str = field("The headline.")
    teaser: str = field("A few sentences that anybody may read.")
    published_at: datetime | None = field("When it was published; null while it is a draft, which operators alone see.")
    author: Author = field("Who wrote it.")
    tags: list[str] = field("The subjects it is filed under.")
    body: str | None = field(
        "The text itself, in Markdown. Whether it is locked depends on the type.",
        resolver=entry.open_body,
        columns=("open_body",),
    )


@strawberry.type(description="An article. Its body is for members whose plan includes it.")
class Article(Content, Lockable):
    is_type_of = shows(records.Article)

    body: str | None = field(
        "The text itself, in Markdown; null while locked, see `access`.",
        directives=[requires("content_premium", mode=DenyMode.LOCK)],
    )
    read_count: int | None = field(
        "How often members have read it.",
        directives=[requires("analytics")],
    )


@strawberry.type(description="An announcement. Anybody may read it.")
class Post(Content):
    is_type_of = shows(records.Post)


@strawberry.type(description="A course. Its body describes it; the teaching is in its lessons.")
class Course(Content):
    is_type_of = shows(records.Course)

    lessons: Connection[Annotated["Lesson", strawberry.lazy("schema.content")]] = field(
        "The lessons, in the order to take them.", resolver=entry.lessons, columns=()
    )


@strawberry.type(description="One lesson of a course. Its body is for members whose plan includes it.")
class Lesson(Node, Lockable):
    is_type_of = shows(records.Lesson)

    title: str = field("The headline.")
    teaser: str = field("A few sentences that anybody may read.")
    position: int = field("Its place in the course, from 1.")
    course: Course = field("The course it belongs to.", resolver=entry.course, columns=("parent_id",))
    body: str | None = field(
        "The text itself, in Markdown; null while locked, see `access`.",
        directives=[requires("content_premium", mode=DenyMode.LOCK)],
    )


@strawberry.type(description="A file to download. Its body describes it and is open.")
class Download(Content, Lockable):
    is_type_of = shows(records.Download)

    file_name: str = field("The name to save it under.")
    size_bytes: int = field("The size of the file.")
    file_url: str | None = field(
        "Where the file can be fetched; null while locked, see `access`.",
        directives=[requires("downloads", mode=DenyMode.LOCK)],
    )


SearchHit = Annotated[
    Article | Post | Course | Lesson | Download,
    strawberry.union("SearchHit", description="Whatever a search can find."),
]
