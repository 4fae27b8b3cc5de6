"""Who acts, and why: what every command asks that sets something by hand."""

import argparse
import getpass
from datetime import UTC, datetime

from errors import BadInput
from gating.acts import Act


def add_act_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--case", required=True, help="what it is for, such as a ticket; it shows in explanations")
    parser.add_argument("--reason", default="", help="why, in a few words")
    parser.add_argument("--by", default=getpass.getuser(), metavar="NAME", help="who does it; you when not given")


def act_of(arguments: argparse.Namespace) -> Act:
    return Act(arguments.by, arguments.case, arguments.reason)


def instant_of(option: str, text: str | None) -> datetime | None:
    """Raises BadInput."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{option}: `{text}` is no date: write it as 2026-12-31 or 2026-12-31T18:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
