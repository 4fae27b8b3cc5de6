"""What mutations answer."""

from datetime import datetime

import strawberry

from resolvers.outcome import UserErrorCode, quota_of
from schema.access import RequiredPlan
from schema.content import Article, Content, Download
from schema.fields import field, show_enum

show_enum(
    UserErrorCode,
    "Why something was not done.",
    {
        UserErrorCode.NOT_FOUND: "There is nothing with that id, or not for this caller.",
        UserErrorCode.ALREADY_PUBLISHED: "It is published already.",
        UserErrorCode.NOT_A_MEMBER: "The caller is no member.",
        UserErrorCode.QUOTA_EXCEEDED: "The month's amount is used up; `quota` says of what, and until when.",
    },
)


@strawberry.type(description="A quota that is used up.")
class QuotaExceeded:
    meter: str = field("The key of the quota.")
    limit: int = field("How much the member has a month.")
    used: int = field("How much of it is used.")
    resets_at: datetime = field("From when on there is more: the next month, UTC.")
    required_plans: list[RequiredPlan] = field("The plans that have more, cheapest first; each alone is enough.")


@strawberry.type(description="Why something was not done: expected, and for the user to mend.")
class UserError:
    code: UserErrorCode = field("Why, for programs.")
    message: str = field("Why and what to do, in words that can be shown.")
    path: list[str] = field("The input field at fault, outermost first; empty when it is none.")
    quota: QuotaExceeded | None = field("What is used up, where the code is QUOTA_EXCEEDED.", resolver=quota_of)


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
