"""The explorer: a page to try the schema from, in development only, at both GraphQL addresses, with no network.

GraphiQL, where `build.py` has put it under `dist/`; else the small page in `page/`, which `?plain` always shows.
"""
