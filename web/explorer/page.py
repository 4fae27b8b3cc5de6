"""Serving the explorer's page and the files it loads, all from this machine."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
OWN, GRAPHIQL = HERE / "page", HERE / "dist"

HEADERS = {
    "cache-control": "no-store",
    "vary": "accept, authorization",
    "content-security-policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:;"
        " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
"""Inline styles are GraphiQL's; scripts come from files of ours alone."""


def explorer_page(request: Request) -> FileResponse:
    """GraphiQL where it was built, else, or with `?plain`, our own page. Either asks the address it was loaded from."""
    built = GRAPHIQL / "index.html"
    plain = "plain" in request.query_params or not built.exists()
    return FileResponse(OWN / "index.html" if plain else built, headers=HEADERS)


def explorer_routes() -> list[BaseRoute]:
    return [
        Mount("/explorer/graphiql", StaticFiles(directory=GRAPHIQL, check_dir=False)),
        Mount("/explorer", StaticFiles(directory=OWN)),
    ]
