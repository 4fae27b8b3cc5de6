"""Which of our two media types an `Accept` header asks for. Pure."""

from collections.abc import Iterator

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"

# How specifically a range names a media type; a more specific range overrides a wider one (RFC 9110, 12.5.1).
EXACT, SUBTYPES, ANYTHING = 2, 1, 0


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


def accepts_html(accept: str) -> bool:
    """Whether the header names HTML itself, as browsers do when a person opens an address."""
    return any(name == "text/html" and quality > 0 for name, quality in _ranges(accept))


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
