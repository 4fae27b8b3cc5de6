"""What is marked as to be decided by the authority is found however it is asked for."""

import pytest
from graphql import GraphQLSchema, parse

from execution.fresh import asks_fresh
from schema.build import build_schemas

DOWNLOAD = 'requestDownload(input: {downloadId: "d", idempotencyKey: "k"}) { __typename }'


@pytest.fixture(scope="module")
def spa() -> GraphQLSchema:
    return build_schemas().spa


@pytest.mark.parametrize(
    ("document", "fresh"),
    [
        (f"mutation {{ {DOWNLOAD} }}", True),
        (f"mutation {{ other: {DOWNLOAD} }}", True),
        (f"mutation {{ ...F }} fragment F on Mutation {{ ... on Mutation {{ {DOWNLOAD} }} }}", True),
        (f"query A {{ me {{ id }} }} mutation B {{ {DOWNLOAD} }}", True),
        ('mutation { bookmarkContent(input: {contentId: "a"}) { __typename } }', False),
        ("{ me { id } node(id: 1) { id } }", False),
        ("{ requestDownload { id } }", False),
    ],
)
def test_marked_fields_are_found(document: str, fresh: bool, spa: GraphQLSchema) -> None:
    assert asks_fresh(spa, parse(document)) is fresh
