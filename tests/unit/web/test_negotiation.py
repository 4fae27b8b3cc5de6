"""Which media type an Accept header gets."""

import pytest

from web.negotiation import PLAIN_JSON, RESPONSE_JSON, accepts_html, media_type_for

URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
APOLLO = "application/graphql-response+json,application/json;q=0.9"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", PLAIN_JSON),
        (" , ", PLAIN_JSON),
        ("*/*", PLAIN_JSON),
        ("application/*", RESPONSE_JSON),
        ("application/json", PLAIN_JSON),
        ("application/graphql-response+json", RESPONSE_JSON),
        ("APPLICATION/GraphQL-Response+JSON; charset=utf-8", RESPONSE_JSON),
        ("application/json, application/graphql-response+json", RESPONSE_JSON),
        ("application/json, application/graphql-response+json;q=0.5", PLAIN_JSON),
        ("application/json, */*", PLAIN_JSON),
        ("*/*, application/graphql-response+json;q=0", PLAIN_JSON),
        ("application/json;q=0, */*;q=0.1", RESPONSE_JSON),
        ("application/json;q=nonsense", None),
        ("application/json;q=0", None),
        ("text/html", None),
        ("image/png, text/*", None),
        (URQL, RESPONSE_JSON),
        (APOLLO, RESPONSE_JSON),
        (BROWSER, PLAIN_JSON),
    ],
)
def test_media_type(accept: str, expected: str | None) -> None:
    assert media_type_for(accept) == expected


def test_only_who_names_html_gets_a_page() -> None:
    assert accepts_html(BROWSER)
    assert not any(accepts_html(accept) for accept in ("", "*/*", "text/*", "text/html;q=0", URQL, APOLLO))
