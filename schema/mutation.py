"""Everything that can be done. Each takes one `input` and answers the thing it was about, or the reasons why not."""

from typing import Annotated, Any

import strawberry

from gating.directives import Audience, Authenticated, DenyMode, Fresh, only_for, requires, requires_scopes
from resolvers import actions, publishing
from resolvers.context import Info
from schema import inputs, payloads
from schema.billing_changes import BillingChanges
from schema.billing_checkout import BillingCheckout
from schema.billing_operations import BillingOperations
from schema.experiment_operations import ExperimentOperations
from schema.operator_billing import OperatorBilling
from schema.override_operations import OverrideOperations

T = "What to do it with."


@strawberry.type(description="Everything that can be done.")
class Mutation(
    BillingOperations, OverrideOperations, OperatorBilling, BillingCheckout, BillingChanges, ExperimentOperations
):
    @strawberry.field(
        description="Keeps content in the caller's bookmarks. Repeating it changes nothing.",
        directives=[Authenticated()],
        graphql_type=payloads.BookmarkContentPayload,
    )
    async def bookmark_content(
        self, info: Info, input: Annotated[inputs.BookmarkContentInput, strawberry.argument(description=T)]
    ) -> Any:
        return await actions.bookmark_content(info, input.content_id)

    @strawberry.field(
        description="Removes content from the caller's bookmarks. Repeating it changes nothing.",
        directives=[Authenticated()],
        graphql_type=payloads.RemoveBookmarkPayload,
    )
    async def remove_bookmark(
        self, info: Info, input: Annotated[inputs.RemoveBookmarkInput, strawberry.argument(description=T)]
    ) -> Any:
        return await actions.remove_bookmark(info, input.content_id)

    @strawberry.field(
        description="Counts that the caller read an article, once for each idempotency key.",
        directives=[Authenticated()],
        graphql_type=payloads.RecordReadingPayload,
    )
    async def record_reading(
        self, info: Info, input: Annotated[inputs.RecordReadingInput, strawberry.argument(description=T)]
    ) -> Any:
        return await actions.record_reading(info, input.article_id, input.idempotency_key)

    @strawberry.field(
        description="Counts a download, once for each idempotency key, and answers where to fetch it.",
        directives=[requires("downloads", mode=DenyMode.REJECT), Fresh()],
        graphql_type=payloads.RequestDownloadPayload,
    )
    async def request_download(
        self, info: Info, input: Annotated[inputs.RequestDownloadInput, strawberry.argument(description=T)]
    ) -> Any:
        return await actions.request_download(info, input.download_id, input.idempotency_key)

    @strawberry.field(
        description="Publishes a draft and announces it to those who follow.",
        directives=[only_for(Audience.OPERATOR), requires_scopes("content:write"), Fresh()],
        graphql_type=payloads.PublishContentPayload,
    )
    async def publish_content(
        self, info: Info, input: Annotated[inputs.PublishContentInput, strawberry.argument(description=T)]
    ) -> Any:
        return await publishing.publish_content(info, input.content_id)
