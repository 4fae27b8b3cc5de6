"""Everything that can be read."""

from typing import Annotated, Any

import strawberry

from content.browse import Order, Where
from content.model import LISTED_KINDS
from gating.directives import Audience, Authenticated, DenyMode, only_for, requires, requires_scopes
from resolvers import access as resolve_access
from resolvers import billing_operations as resolve_billing
from resolvers import content as resolve_content
from resolvers import experiments as resolve_experiments
from resolvers import explain as resolve_explain
from resolvers import members as resolve_members
from resolvers import nodes as resolve_nodes
from resolvers import operations as resolve_operations
from resolvers import plans as resolve_plans
from resolvers import subscriptions as resolve_subscriptions
from resolvers.connection import After, First
from resolvers.context import Info
from resolvers.inputs import is_id, text_of
from schema.billing_operations import DeadLetter, Reconciliation
from schema.content import Article, Author, Content, Course, SearchHit, Tag
from schema.experiment_operations import Experiment
from schema.explain import AccessExplanation
from schema.fields import field
from schema.inputs import ContentFilter
from schema.members import Entitlement, Member
from schema.node import Connection, Node
from schema.plans import FeatureAvailability, Plan
from schema.subscriptions import PlanSubscription, StripeEvent

IncludeArchived = Annotated[
    bool,
    strawberry.argument(
        description="List archived content too. Without the feature leave it out; single items stay reachable by id.",
        directives=[requires("archive", mode=DenyMode.REJECT)],
    ),
]


@strawberry.type(description="Everything that can be read.")
class Query:
    node: Node | None = field(
        "Anything by its id; null when there is nothing, or nothing for this caller.", resolver=resolve_nodes.node
    )
    nodes: list[Node | None] = field(
        "Many by their ids, in the order asked for, null each like `node`.", resolver=resolve_nodes.nodes
    )
    me: Member | None = field(
        "The caller as a member; null for operators and integrators.",
        resolver=resolve_members.me,
        directives=[Authenticated()],
    )
    articles: Connection[Article] = field("Published articles, the latest first.", resolver=resolve_content.articles)
    courses: Connection[Course] = field("Published courses, the latest first.", resolver=resolve_content.courses)
    content: Content | None = field(
        "Published content by its slug; null when there is none.", resolver=resolve_content.content
    )
    authors: Connection[Author] = field("All authors, by name.", resolver=resolve_content.authors)
    tags: list[Tag] = field("All tags in use, by name.", resolver=resolve_content.tags)
    search: list[SearchHit] = field(
        "Published content and lessons by words, the latest first.", resolver=resolve_content.search
    )
    plans: list[Plan] = field("What can be had, the smallest plan first.", resolver=resolve_plans.plans)
    add_ons: list[Plan] = field("What can be bought on top of a plan.", resolver=resolve_plans.add_ons)
    feature: FeatureAvailability | None = field(
        "Whether the caller holds a feature; null when there is no such feature.", resolver=resolve_access.feature
    )
    drafts: Connection[Content] | None = field(
        "What is not published yet, the latest first.",
        resolver=resolve_content.drafts,
        directives=[only_for(Audience.OPERATOR), requires_scopes("content:write")],
    )
    members: Connection[Member] | None = field(
        "All members, by id.",
        resolver=resolve_operations.members,
        directives=[only_for(Audience.OPERATOR), requires_scopes("members:read")],
    )
    member: Member | None = field(
        "A member by id; null when there is none.",
        resolver=resolve_operations.member,
        directives=[only_for(Audience.OPERATOR), requires_scopes("members:read")],
    )
    subscriptions: Connection[PlanSubscription] | None = field(
        "All subscriptions, the latest begun first.",
        resolver=resolve_subscriptions.subscriptions,
        directives=[only_for(Audience.OPERATOR), requires_scopes("subscriptions:read")],
    )
    stripe_events: Connection[StripeEvent] | None = field(
        "All events kept, the latest arrival first.",
        resolver=resolve_subscriptions.stripe_events,
        directives=[only_for(Audience.OPERATOR), requires_scopes("events:read")],
    )
    dead_letters: Connection[DeadLetter] | None = field(
        "What could not be done with Stripe's events, by id.",
        resolver=resolve_billing.dead_letters,
        directives=[only_for(Audience.OPERATOR), requires_scopes("events:read")],
    )
    reconciliations: Connection[Reconciliation] | None = field(
        "Comparisons with Stripe, the latest asked for first.",
        resolver=resolve_billing.reconciliations,
        directives=[only_for(Audience.OPERATOR), requires_scopes("events:read")],
    )
    member_entitlements: list[Entitlement] | None = field(
        "What a member holds now; null when there is no such member.",
        resolver=resolve_operations.member_entitlements,
        directives=[only_for(Audience.OPERATOR, Audience.INTEGRATOR), requires_scopes("entitlements:read")],
    )
    explain_access: AccessExplanation | None = field(
        "Why a member may see something, or may not: now, or at a past instant; null when there is no such member.",
        resolver=resolve_explain.explain_access,
        directives=[only_for(Audience.OPERATOR), requires_scopes("members:read")],
    )
    experiments: list[Experiment] | None = field(
        "What is tried, by key.",
        resolver=resolve_experiments.experiments,
        directives=[only_for(Audience.OPERATOR), requires_scopes("entitlements:read")],
    )

    @strawberry.field(description="Published content of all kinds.", graphql_type=Connection[Content])
    async def contents(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        filter: Annotated[
            ContentFilter | None, strawberry.argument(description="Which; everything when left out.")
        ] = None,
        order_by: Annotated[Order, strawberry.argument(description="In which order.")] = Order.NEWEST,
        include_archived: IncludeArchived = False,
    ) -> Any:
        return await resolve_content.contents(
            info, first, after, _where(filter or ContentFilter(), include_archived), order_by
        )


def _where(wanted: ContentFilter, archived: bool) -> Where:
    if wanted.author is not None and not is_id(wanted.author):
        return Where(kinds=())
    return Where(
        kinds=LISTED_KINDS if wanted.kind is None else (wanted.kind,),
        tag=None if wanted.tag is None else text_of("filter.tag", wanted.tag),
        author_id=wanted.author,
        body_contains=None if wanted.body_contains is None else text_of("filter.bodyContains", wanted.body_contains),
        archived=archived,
    )
