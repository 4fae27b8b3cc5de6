"""Whether two answers are the same: the data to the byte, the errors sorted by path, the extensions as they are."""

from typing import Any

import orjson

from execution.model import Answer


def canonical(answer: Answer) -> dict[str, bytes]:
    """The parts of the response as it is sent, each as canonical JSON. Raises AssertionError on JSON that is not ours.

    Whatever an answer holds, its body is what clients read; so it is read from there, and must not say a key twice.
    """
    body = answer.body()
    told: dict[str, Any] = orjson.loads(body)
    assert orjson.dumps(told) == body, f"not as orjson writes it: {body!r}"
    errors = told.pop("errors", [])
    parts = {name: orjson.dumps(part) for name, part in told.items()}
    return {**parts, "errors": orjson.dumps(sorted(errors, key=_by_path)), "order": orjson.dumps(list(told))}


def _by_path(error: dict[str, Any]) -> tuple[list[tuple[bool, Any]], bytes]:
    return [(isinstance(step, str), step) for step in error.get("path") or ()], orjson.dumps(error)


def differences(expected: Answer, answer: Answer) -> list[str]:
    """Empty when both tell the same, else each part in which they differ, with both."""
    one, other = canonical(expected), canonical(answer)
    found = [
        f"{part}:\n  interpreted {_shown(one, part)}\n  compiled    {_shown(other, part)}"
        for part in {**one, **other}
        if one.get(part) != other.get(part)
    ]
    if expected.request_error != answer.request_error:
        found.append(f"request_error: {expected.request_error}, compiled {answer.request_error}")
    return found


def _shown(parts: dict[str, bytes], part: str) -> str:
    return parts[part].decode() if part in parts else "(absent)"
