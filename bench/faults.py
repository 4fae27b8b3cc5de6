"""Why a run ends without a report."""

from errors import GatehouseError


class Missing(GatehouseError):
    """A tool is not there; the message says how to get it."""


class RunFailed(GatehouseError):
    """A server answered wrongly or not at all: its figures would mean nothing."""


class Unanswered(RunFailed):
    """Not one answer came within the sample."""
