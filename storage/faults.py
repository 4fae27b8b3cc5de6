"""Which faults of the driver mean that the server is out of reach."""

NOT_SERVING = ("08", "57P", "53300")
"""SQLSTATEs of a server that starts, stops or has no connection left."""


def is_unreachable(fault: BaseException | None) -> bool:
    """True of what the network or the server's state explains; a refused login or statement is an answer."""
    sqlstate: str = getattr(fault, "sqlstate", None) or ""
    return isinstance(fault, OSError | TimeoutError) or sqlstate.startswith(NOT_SERVING)
