"""What is a GraphQL request and what is refused, naming the parameter."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.model import Operation
from web.parameters import RequestRefused, operation_of_body, operation_of_query

JSON = "application/json"


@pytest.mark.parametrize(
    "content_type", [JSON, "APPLICATION/JSON", 'application/json; charset="UTF-8"', f"{JSON};charset=utf8"]
)
def test_a_whole_request(content_type: str) -> None:
    body = b'{"query":"{a}","variables":{"x":[1,null]},"operationName":"A","extensions":{},"unknown":1}'
    assert operation_of_body(content_type, body) == Operation("{a}", {"x": [1, None]}, "A")


def test_null_is_absent() -> None:
    body = b'{"query":"{a}","variables":null,"operationName":null,"extensions":null}'
    assert operation_of_body(JSON, body) == Operation("{a}")


def test_a_query_in_the_address() -> None:
    query = {"query": "{a}", "variables": '{"x":1}', "operationName": "A", "extensions": "{}"}
    assert operation_of_query(query) == Operation("{a}", {"x": 1}, "A")


@pytest.mark.parametrize(
    ("content_type", "body", "status", "names"),
    [
        ("", b"{}", 415, "Content-Type"),
        ("text/plain", b"{}", 415, "Content-Type"),
        ("application/x-www-form-urlencoded", b"query=%7Ba%7D", 415, "Content-Type"),
        ("multipart/form-data; boundary=x", b"", 415, "Content-Type"),
        ("application/json; charset=utf-16", b"{}", 415, "UTF-8"),
        (JSON, b"", 400, "not valid JSON"),
        (JSON, b"{", 400, "line 1"),
        (JSON, b"\xff\xfe", 400, "not valid JSON"),
        (JSON, b'{"query":"\\ud800"}', 400, "not valid JSON"),
        (JSON, b'{"query":NaN}', 400, "not valid JSON"),
        (JSON, b"[" * 100_000, 400, "not valid JSON"),
        (JSON, b"[]", 400, "Batching"),
        (JSON, b'[{"query":"{a}"}]', 400, "Batching"),
        (JSON, b"null", 400, "JSON object"),
        (JSON, b'"{a}"', 400, "JSON object"),
        (JSON, b"{}", 400, "`query` is missing"),
        (JSON, b'{"query":null}', 400, "`query` is missing"),
        (JSON, b'{"query":7}', 400, "`query` must be"),
        (JSON, b'{"query":"{a}","variables":[1]}', 400, "`variables` must be"),
        (JSON, b'{"query":"{a}","variables":"{}"}', 400, "`variables` must be"),
        (JSON, b'{"query":"{a}","operationName":{}}', 400, "`operationName` must be"),
        (JSON, b'{"query":"{a}","extensions":false}', 400, "`extensions` must be"),
    ],
)
def test_a_refusal_says_what_is_wrong(content_type: str, body: bytes, status: int, names: str) -> None:
    with pytest.raises(RequestRefused, match=names) as caught:
        operation_of_body(content_type, body)
    assert caught.value.status == status


@pytest.mark.parametrize("name", ["variables", "extensions"])
@pytest.mark.parametrize("text", ["{", "[1]", "7", ""])
def test_parameters_in_the_address_must_be_json_objects(name: str, text: str) -> None:
    with pytest.raises(RequestRefused, match=name):
        operation_of_query({"query": "{a}", name: text})


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_body_does_worse_than_be_refused(body: bytes) -> None:
    with suppress(RequestRefused):
        assert isinstance(operation_of_body(JSON, body), Operation)
