"""Where Stripe's pages may send people back to: addresses of ours alone, so that no link of ours leads astray. Pure."""

from collections.abc import Collection

from billing.refusals import Refusal, RefusalCode
from settings import origin_of

LONGEST_URL = 2000


def return_url_for(given: str, origins: Collection[str], field: str) -> str | Refusal:
    """The whole address of `given`: a path on the first of `origins`, or an address on any of them.

    Origins are `scheme://host[:port]`, lower case, without the scheme's own port. `field` is where `given` came from.
    """
    if not origins:
        return _refusal("no address is allowed yet: the operator sets GATEHOUSE_RETURN_ORIGINS", field)
    if len(given) > LONGEST_URL or not given.isascii() or not given.isprintable() or set(given) & set(' \\"<>'):
        return _refusal("it is not an address: encode what is no letter or digit", field)
    if given.startswith("/") and not given.startswith("//"):
        return next(iter(origins)) + given
    if origin_of(given) in origins:
        return given
    allowed = ", ".join(sorted(origins))
    return _refusal(f"give a path such as /account, or an address that begins with {allowed}", field)


def _refusal(remedy: str, field: str) -> Refusal:
    return Refusal(RefusalCode.RETURN_URL_NOT_ALLOWED, f"People cannot be sent back there: {remedy}.", (field,))
