"""Ids in Stripe's form, the same for the same seed."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTHS = {"cus": 14, "prod": 14, "si": 14, "cs_test": 58, "whsec": 32, "promo": 24, "secret": 25, "coupon": 8}


@dataclass(slots=True)
class Ids:
    """`drawn` counts what was given out under each prefix: the whole of its state."""

    seed: str
    drawn: Counter[str] = field(default_factory=Counter[str])

    def new(self, prefix: str) -> str:
        """`cus` → `cus_Qx81…`."""
        return f"{prefix}_{self.text(prefix)}"

    def text(self, prefix: str) -> str:
        """The part behind the prefix alone."""
        self.drawn[prefix] += 1
        return spelled(f"{self.seed}:{prefix}:{self.drawn[prefix]}", LENGTHS.get(prefix, 24))

    def uniform(self, purpose: str) -> float:
        """A number in [0, 1), drawn from a stream of its own for each purpose."""
        self.drawn[purpose] += 1
        digest = blake2b(f"{self.seed}:{purpose}:{self.drawn[purpose]}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64


def spelled(text: str, length: int) -> str:
    """A hash of `text` in letters and digits."""
    number = int.from_bytes(blake2b(text.encode(), digest_size=min(64, length)).digest(), "big")
    letters: list[str] = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        letters.append(ALPHABET[rest])
    return "".join(letters)
