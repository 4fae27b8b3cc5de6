"""What clients send."""

import strawberry

from content.browse import Order
from content.model import Kind
from gating.directives import DenyMode, reads, requires
from schema.fields import field, gated_value, show_enum

show_enum(
    Kind,
    "What sort of content.",
    {
        Kind.ARTICLE: "Articles.",
        Kind.POST: "Posts.",
        Kind.COURSE: "Courses.",
        Kind.DOWNLOAD: "Downloads.",
    },
    name="ContentKind",
)

show_enum(
    Order,
    "How content is ordered; what is equal, by id.",
    {
        Order.NEWEST: "The latest published first.",
        Order.OLDEST: "The earliest published first.",
        Order.TITLE: "By title.",
        Order.MOST_READ: gated_value(
            Order.MOST_READ,
            "The most read first; what members cannot read counts as never read.",
            requires("analytics", mode=DenyMode.REJECT),
            reads("Article.readCount"),
        ),
    },
    name="ContentOrder",
)


@strawberry.input(description="Which content to list. What is left out does not restrict; all that is given must hold.")
class ContentFilter:
    tag: str | None = strawberry.field(default=None, description="Filed under this tag.")
    author: strawberry.ID | None = strawberry.field(default=None, description="Written by the author with this id.")
    kind: Kind | None = strawberry.field(default=None, description="Of this kind.")
    body_contains: str | None = strawberry.field(
        default=None,
        description="The body contains this text, upper and lower case alike.",
        directives=[requires("content_premium", mode=DenyMode.REJECT), reads("Article.body")],
    )


@strawberry.input(description="What to keep.")
class BookmarkContentInput:
    content_id: strawberry.ID = field("The id of the content.")


@strawberry.input(description="What to keep no longer.")
class RemoveBookmarkInput:
    content_id: strawberry.ID = field("The id of the content.")


@strawberry.input(description="What was read.")
class RecordReadingInput:
    article_id: strawberry.ID = field("The id of the article.")
    idempotency_key: str = field("Any text that is the same when you repeat this call, and no other: it counts once.")


@strawberry.input(description="What to download.")
class RequestDownloadInput:
    download_id: strawberry.ID = field("The id of the download.")
    idempotency_key: str = field("Any text that is the same when you repeat this call, and no other: it counts once.")


@strawberry.input(description="What to publish.")
class PublishContentInput:
    content_id: strawberry.ID = field("The id of the draft.")
