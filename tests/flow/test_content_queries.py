"""Content as free, pro and enterprise members, strangers and operators see it."""

from typing import Any

import pytest

from content.model import Kind
from content.seed import ARCHIVED, ARTICLES, DRAFTS, author_id, entry_id
from identity.model import ANONYMOUS, Principal
from tests.flow.served import FREE, OPERATOR, PRO, Served, member

ARTICLE = """id slug title teaser body publishedAt author { id name }
  access { granted denial { code feature requiredPlans { key name } action { kind plan } message } }"""
LISTED = (
    "query($after: String) { articles(first: 50, after: $after) { edges { cursor node { "
    + ARTICLE
    + " } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"
)


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


async def test_members_whose_plan_includes_them_read_bodies(served: Served) -> None:
    data = await served.data(LISTED, member(PRO))
    assert len(nodes(data["articles"])) == 50
    for node in nodes(data["articles"]):
        assert len(node["body"]) > 300
        assert node["access"] == {"granted": True, "denial": None}
        assert node["author"]["id"].startswith("aut_")
        assert node["author"]["name"]


@pytest.mark.parametrize(
    ("caller", "action"), [(member(FREE), "UPGRADE"), (ANONYMOUS, "SIGN_IN"), (OPERATOR, "UPGRADE")]
)
async def test_others_are_told_what_opens_them(served: Served, caller: Principal, action: str) -> None:
    data = await served.data(LISTED, caller)
    for node in nodes(data["articles"]):
        assert node["body"] is None
        assert node["teaser"]
        assert node["access"]["granted"] is False
        assert node["access"]["denial"] == {
            "code": "ENTITLEMENT_REQUIRED",
            "feature": "content_premium",
            "requiredPlans": [{"key": "pro", "name": "Pro"}, {"key": "enterprise", "name": "Enterprise"}],
            "action": {"kind": action, "plan": "pro"},
            "message": "Not included in your plan.",
        }


async def test_pages_follow_each_other_without_gap_or_overlap(served: Served) -> None:
    seen: list[str] = []
    after, more = None, True
    while more:
        page = (await served.data(LISTED, after=after))["articles"]
        assert page["totalCount"] == ARTICLES - ARCHIVED
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        seen += [node["id"] for node in nodes(page)]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == [entry_id(Kind.ARTICLE, number) for number in range(ARTICLES - ARCHIVED)]


async def test_every_kind_is_told_by_its_type(served: Served) -> None:
    data = await served.data(
        """{ contents(first: 100) { edges { node { __typename id slug tags body
             ... on Download { fileName sizeBytes fileUrl } ... on Course { lessons(first: 3) {
               totalCount pageInfo { hasNextPage } edges { node { title position body course { id } } } } } } } } }""",
        member(PRO),
    )
    found = {node["__typename"]: node for node in nodes(data["contents"])}
    assert found.keys() == {"Article", "Post", "Course", "Download"}
    assert all(node["body"] for node in found.values())
    assert found["Download"]["fileUrl"].startswith("https://")
    lessons = found["Course"]["lessons"]
    assert (lessons["totalCount"], lessons["pageInfo"]["hasNextPage"]) == (8, True)
    assert [node["position"] for node in nodes(lessons)] == [1, 2, 3]
    assert all(node["body"] and node["course"]["id"] == found["Course"]["id"] for node in nodes(lessons))


async def test_open_bodies_are_open_to_everybody(served: Served) -> None:
    data = await served.data("{ contents(first: 100) { edges { node { __typename body } } } }")
    for node in nodes(data["contents"]):
        assert (node["body"] is None) is (node["__typename"] == "Article")


async def test_filters_and_orders(served: Served) -> None:
    query = """query($filter: ContentFilter, $order: ContentOrder!) {
      contents(first: 100, filter: $filter, orderBy: $order) {
        totalCount edges { node { title tags author { id } ... on Article { readCount } } } } }"""
    caller = member(PRO)
    by_title = (await served.data(query, caller, order="TITLE", filter={"tag": "history", "kind": "ARTICLE"}))[
        "contents"
    ]
    titles = [node["title"] for node in nodes(by_title)]
    assert titles == sorted(titles)
    assert len(titles) == by_title["totalCount"] > 10
    assert all("history" in node["tags"] for node in nodes(by_title))

    most_read = (await served.data(query, caller, order="MOST_READ", filter={"kind": "ARTICLE"}))["contents"]
    counts = [node["readCount"] for node in nodes(most_read)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]

    written = (await served.data(query, caller, order="OLDEST", filter={"author": author_id(7)}))["contents"]
    assert {node["author"]["id"] for node in nodes(written)} == {author_id(7)}

    body = (await served.data("{ articles(first: 1) { edges { node { title body } } } }", caller))["articles"]
    needle = nodes(body)[0]["body"][:80].swapcase()
    found = (await served.data(query, caller, order="NEWEST", filter={"bodyContains": needle}))["contents"]
    assert nodes(body)[0]["title"] in [node["title"] for node in nodes(found)]


@pytest.mark.parametrize(
    ("arguments", "feature"),
    [
        ("orderBy: MOST_READ", "analytics"),
        ('filter: {bodyContains: "harbour"}', "content_premium"),
        ("includeArchived: true", "archive"),
    ],
)
async def test_what_would_tell_gated_values_is_refused(served: Served, arguments: str, feature: str) -> None:
    query = f"{{ contents({arguments}) {{ totalCount }} }}"
    refused = await served.ask(query, member(FREE))
    assert refused.request_error
    assert refused.errors[0]["extensions"] == {"code": "ENTITLEMENT_REQUIRED", "feature": feature}
    assert (await served.data(query, member(PRO)))["contents"]["totalCount"] > 0


async def test_the_archive_is_listed_with_the_feature(served: Served) -> None:
    query = "{ some: contents { totalCount } all: contents(includeArchived: true) { totalCount } }"
    data = await served.data(query, member(PRO))
    assert data["all"]["totalCount"] - data["some"]["totalCount"] == ARCHIVED


async def test_search_finds_every_kind_by_open_words(served: Served) -> None:
    query = """query($text: String!) { search(text: $text, first: 100) {
      __typename ... on Article { title body } ... on Lesson { title access { granted } } ... on Course { title }
      ... on Post { title } ... on Download { title fileUrl } } }"""
    found = (await served.data(query, text="harbours"))["search"]
    assert {hit["__typename"] for hit in found} == {"Article", "Course", "Lesson", "Download"}
    assert all("arbours" in hit["title"] for hit in found)
    assert all(hit.get("body") is None and hit.get("fileUrl") is None for hit in found)
    assert (await served.data(query, text='"no such phrase anywhere"'))["search"] == []


async def test_slugs_authors_and_tags(served: Served) -> None:
    data = await served.data(
        """{ content(slug: "news-from-the-quay-number-1") { __typename title }
             lesson: content(slug: "harbours-lesson-1") { id } none: content(slug: "no-such") { id }
             authors(first: 100) { totalCount edges { node { id name bio } } } tags { name contentCount } }"""
    )
    assert data["content"] == {"__typename": "Post", "title": "News from the quay, number 1"}
    assert (data["lesson"], data["none"]) == (None, None)
    names = [node["name"] for node in nodes(data["authors"])]
    assert names == sorted(names)
    assert data["authors"]["totalCount"] == len(names) == 20
    assert {"practice", "history", "people"} <= {tag["name"] for tag in data["tags"] if tag["contentCount"] > 0}


async def test_drafts_are_for_operators_until_published(served: Served) -> None:
    drafts = await served.data("{ drafts { totalCount edges { node { id publishedAt } } } }", OPERATOR)
    assert drafts["drafts"]["totalCount"] == DRAFTS
    draft = nodes(drafts["drafts"])[0]
    assert draft["publishedAt"] is None
    query = "query($id: ID!) { node(id: $id) { id } }"
    assert (await served.data(query, id=draft["id"]))["node"] is None
    publish = """mutation($id: ID!) { publishContent(input: {contentId: $id}) {
      content { id publishedAt } userErrors { code path message } } }"""
    done = (await served.data(publish, OPERATOR, id=draft["id"]))["publishContent"]
    assert done["content"]["publishedAt"] == "2026-03-01T12:00:00+00:00"
    assert (await served.data(query, id=draft["id"]))["node"] == {"id": draft["id"]}
    again = (await served.data(publish, OPERATOR, id=draft["id"]))["publishContent"]
    assert (again["content"], again["userErrors"][0]["code"]) == (None, "ALREADY_PUBLISHED")


BAD_PAGES = {
    "first: 0": "`first` is 0",
    "first: 101": "`first` is 101",
    'after: "nonsense"': "`after`",
    'after: "WyJuZXdlc3QiLCJub3QgYSBkYXRlIiwiYXJ0X3giXQ"': "`after`",
    'after: ""': "`after`",
}


async def test_bad_pages_are_refused_by_name(served: Served) -> None:
    for arguments, named in BAD_PAGES.items():
        answer = await served.ask(f"{{ articles({arguments}) {{ totalCount }} }}")
        assert answer.errors[0]["extensions"]["code"] == "BAD_INPUT", arguments
        assert named in answer.errors[0]["message"]


async def test_a_cursor_of_another_order_is_refused(served: Served) -> None:
    newest = await served.data("{ contents(first: 1) { pageInfo { endCursor } } }")
    query = "query($after: String) { contents(orderBy: TITLE, after: $after) { totalCount } }"
    answer = await served.ask(query, variables={"after": newest["contents"]["pageInfo"]["endCursor"]})
    assert "`after` is not a cursor of this list in this order" in answer.errors[0]["message"]


async def test_text_that_cannot_be_is_refused_by_name(served: Served) -> None:
    query = "query($text: String!) { search(text: $text) { __typename } }"
    for text in ("", " ", "nul \x00", "x" * 201, "\ud800"):
        answer = await served.ask(query, variables={"text": text})
        assert answer.errors[0]["extensions"]["code"] == "BAD_INPUT", repr(text)
        assert "`text`" in answer.errors[0]["message"]


async def test_what_is_joined_is_there_whatever_is_selected_on_it(served: Served) -> None:
    query = """{ articles(first: 1) { edges { node {
      author { __typename }
      written: author { courses(first: 2) { edges { node { author { __typename } } } } } } } } }"""
    [article] = nodes((await served.data(query))["articles"])
    assert article["author"] == {"__typename": "Author"}
    assert {course["author"]["__typename"] for course in nodes(article["written"]["courses"])} <= {"Author"}
