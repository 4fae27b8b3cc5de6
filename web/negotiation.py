"""Which of our two media types an `Accept` header asks for, and whether a body is JSON. Pure."""

from collections.abc import Iterator
from functools import lru_cache

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"

# How specifically a range names a media type; a more specific range overrides a wider one (RFC 9110, 12.5.1).
EXACT, SUBTYPES, ANYTHING = 2, 1, 0

REMEMBERED = 256
"""Headers: clients come in few kinds, and each always sends the same ones."""


@lru_cache(REMEMBERED)
def media_type_for(accept: str) -> str | None:
    """The best of ours for this header; None when it refuses both.

    Absent or `*/*` means `application/json`, for the sake of clients older than the GraphQL-over-HTTP specification.
    """
    ranges = list(_ranges(accept))
    if not ranges:
        return PLAIN_JSON
    best: tuple[float, int, bool] = (0.0, 0, False)
    chosen = None
    for media_type in (RESPONSE_JSON, PLAIN_JSON):
        quality, specificity = _quality(media_type, ranges)
        rank = (quality, specificity, (media_type == RESPONSE_JSON) == (specificity > ANYTHING))
        if quality > 0 and rank > best:
            best, chosen = rank, media_type
    return chosen


@lru_cache(REMEMBERED)
def is_json(content_type: str) -> bool:
    """Whether a `Content-Type` says JSON in UTF-8, which is what it is where nothing is said of the charset."""
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = [parameter.partition("=")[2].strip('"') for parameter in parameters if parameter.startswith("charset=")]
    return name == PLAIN_JSON and all(charset in ("utf-8", "utf8") for charset in charsets)


def accepts_html(accept: str) -> bool:
    """Whether the header names HTML itself, as browsers do when a person opens an address."""
    return any(name == "text/html" and quality > 0 for name, quality in _ranges(accept))


def accepts_event_stream(accept: str) -> bool:
    """Whether the header lets us answer with events; absent means anything."""
    ranges = list(_ranges(accept))
    wanted = ("text/event-stream", "text/*", "*/*")
    return not ranges or any(name in wanted and quality > 0 for name, quality in ranges)


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    specificities = {media_type: EXACT, "application/*": SUBTYPES, "*/*": ANYTHING}
    matches = [(specificities[name], quality) for name, quality in ranges if name in specificities]
    specificity, quality = max(matches, default=(ANYTHING, 0.0))
    return quality, specificity


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            yield name, _q(parameters)


def _q(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
