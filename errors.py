"""Every fault Gatehouse raises on purpose, as one tree with stable codes.

    GatehouseError
    ├── BadInput             the caller sent something wrong; says which field and the remedy
    ├── NotConfigured        settings or catalogue are wrong; says every problem at once
    └── Unavailable          a part we need does not answer; the caller may retry

Rooms derive their own from these. Expected outcomes (a denial, a duplicate) are values, never exceptions.
They are mapped to GraphQL once (`execution`) and to HTTP problems once (`web`); anything else is masked.
"""


class GatehouseError(Exception):
    """The root. `code` is stable and public; `message` is safe to show to the caller."""

    code: str = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInput(GatehouseError):
    code = "BAD_INPUT"


class NotConfigured(GatehouseError):
    code = "NOT_CONFIGURED"


class Unavailable(GatehouseError):
    code = "UNAVAILABLE"
