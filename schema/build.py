"""The schemas that are served: the full one from the types, and one for each audience derived from it."""

from dataclasses import dataclass
from typing import Any, cast

import strawberry
from graphql import GraphQLSchema

from gating import directives
from gating.directives import Audience
from schema.audiences import build_contract
from schema.content import Article, Course, Download, Lesson, Post
from schema.mutation import Mutation
from schema.query import Query
from schema.subscription import Subscription

DIRECTIVES = (
    directives.RequiresEntitlement,
    directives.RequiresScopes,
    directives.Authenticated,
    directives.Audiences,
    directives.Reads,
    directives.Public,
    directives.Fresh,
)


@dataclass(frozen=True, slots=True)
class Schemas:
    """`full` is for operators; `integrator` and `spa` lack what is not for them."""

    full: GraphQLSchema
    integrator: GraphQLSchema
    spa: GraphQLSchema


def build_schemas() -> Schemas:
    """All of them, from the one set of types. Raises NotConfigured when an audience's part would not be a schema."""
    full = build_full()
    return Schemas(full, build_contract(full, Audience.INTEGRATOR), build_contract(full, Audience.SPA))


def build_full() -> GraphQLSchema:
    """Built anew at each call; Strawberry's resolvers are shared with other builds."""
    built = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Article, Post, Course, Lesson, Download],
        schema_directives=DIRECTIVES,
    )
    # Strawberry gives no other way to graphql-core's schema, which is what execution runs.
    return cast(GraphQLSchema, cast(Any, built)._schema)
