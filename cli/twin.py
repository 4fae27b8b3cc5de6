"""Serve an offline twin of Stripe: stateful, with test clocks, webhooks and hosted pages; never money.

stripe-python talks to it unchanged when its base address is this server's; any key that begins with sk_test_ will do,
live ones are refused. `--webhook URL SECRET` delivers every event there, signed.
"""

from twin.arguments import add_arguments, main

__all__ = ["add_arguments", "main"]
