"""What mutations answer."""

import strawberry

from resolvers.outcome import UserErrorCode
from schema.content import Article, Content, Download
from schema.fields import field, show_enum

show_enum(
    UserErrorCode,
    "Why something was not done.",
    {
        UserErrorCode.NOT_FOUND: "There is nothing with that id, or not for this caller.",
        UserErrorCode.ALREADY_PUBLISHED: "It is published already.",
        UserErrorCode.NOT_A_MEMBER: "The caller is no member.",
    },
)


@strawberry.type(description="Why something was not done: expected, and for the user to mend.")
class UserError:
    code: UserErrorCode = field("Why, for programs.")
    message: str = field("Why and what to do, in words that can be shown.")
    path: list[str] = field("The input field at fault, outermost first; empty when it is none.")


@strawberry.type(description="What every mutation answers.")
class Payload:
    user_errors: list[UserError] = field("Why it was not done; empty when it was.")


@strawberry.type(description="What was kept.")
class BookmarkContentPayload(Payload):
    entity: Content | None = field("The content; null when there are errors.", name="content")


@strawberry.type(description="What is kept no longer.")
class RemoveBookmarkPayload(Payload):
    entity: Content | None = field("The content; null when there are errors.", name="content")


@strawberry.type(description="What was read.")
class RecordReadingPayload(Payload):
    entity: Article | None = field("The article; null when there are errors.", name="article")


@strawberry.type(description="What can be downloaded now.")
class RequestDownloadPayload(Payload):
    entity: Download | None = field("The download with its `fileUrl`; null when there are errors.", name="download")


@strawberry.type(description="What was published.")
class PublishContentPayload(Payload):
    entity: Content | None = field("The content as published; null when there are errors.", name="content")
