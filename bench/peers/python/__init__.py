"""Python peers: stock Strawberry with permission classes, and a bare Starlette endpoint. Run by uvicorn."""
