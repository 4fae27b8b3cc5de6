"""Answers are the same when they say the same, however cursors and instants are written; and never otherwise."""

from typing import Any

import orjson
import pytest

from bench.answers import check_answer, flat_rows, graphql_data
from bench.faults import RunFailed


def answer(
    *, body: str | None = "b", cursors: str = "xyz", instant: str = "2026-01-01T00:00:00Z", **more: Any
) -> bytes:
    def node(number: int) -> dict[str, Any]:
        author = {"id": "aut_1", "name": "A"}
        return {"id": f"art_{number}", "body": body, "publishedAt": instant, "author": author}

    edges = [{"cursor": cursors[number], "node": node(number)} for number in range(2)]
    articles = {"edges": edges, "pageInfo": {"hasNextPage": True, "endCursor": cursors[2]}}
    return orjson.dumps({"data": {"articles": articles}, **more})


REFERENCE = answer(cursors="122")


@pytest.mark.parametrize(
    "same",
    [
        answer(cursors="abb"),
        answer(cursors="abb", instant="2026-01-01T00:00:00.000+00:00"),
        answer(cursors="abb", instant="2026-01-01T01:00:00+01:00"),
    ],
)
def test_opaque_values_and_spellings_of_instants_do_not_count(same: bytes) -> None:
    check_answer("it", same, REFERENCE, graphql_data, errors=0)


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (
            answer(cursors="abb", body=None),
            "`.articles.edges[0].node.body` None instead of `.articles.edges[0].node.body` 'b'",
        ),
        (answer(cursors="abb", instant="2026-01-01T00:00:01Z"), "publishedAt"),
        (answer(cursors="aab"), "`.articles.edges[1].cursor` 0 instead of"),
        (answer(cursors="abc"), "`.articles.pageInfo.endCursor` 2 instead of"),
        (answer(cursors="abb", errors=[{"message": "no"}]), "1 errors where 0 are expected"),
    ],
)
def test_what_differs_is_named(other: bytes, where: str) -> None:
    with pytest.raises(RunFailed) as failure:
        check_answer("it", other, REFERENCE, graphql_data, errors=0)
    assert where in failure.value.message


def test_a_denied_answer_must_have_all_its_errors() -> None:
    denied = answer(cursors="122", errors=[{"message": "no"}])
    check_answer("it", denied, REFERENCE, graphql_data, errors=1)
    with pytest.raises(RunFailed, match="1 errors where 2 are expected"):
        check_answer("it", denied, REFERENCE, graphql_data, errors=2)


def test_bare_rows_are_compared_with_the_nodes() -> None:
    def row(number: int, **other: Any) -> dict[str, Any]:
        instant = "2026-01-01T00:00:00+00:00"
        plain = {"id": f"art_{number}", "body": "b", "published_at": instant, "author_id": "aut_1", "author_name": "A"}
        return plain | other

    check_answer("raw", orjson.dumps([row(0), row(1)]), REFERENCE, flat_rows, errors=0)
    with pytest.raises(RunFailed, match="author_name"):
        check_answer("raw", orjson.dumps([row(0), row(1, author_name="B")]), REFERENCE, flat_rows, errors=0)
