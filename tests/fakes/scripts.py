"""Lesser designs of the shared cache, as scripts given to the real code in place of `gating.redis.PUT`."""

from dataclasses import dataclass

from gating.redis import PUT

WRITE = """
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'snapshot', ARGV[3], 'hard_until', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
"""
DELETE = "redis.call('DEL', KEYS[1]) return 1"
COMPARE_ONLY = (
    """
local current = tonumber(redis.call('HGET', KEYS[1], 'revision') or '') or -1
if tonumber(ARGV[2]) < current then return 1 end
"""
    + WRITE
)
NEVER_REFUSED = PUT.replace("then return 0 end", "then return 1 end")


@dataclass(frozen=True)
class Design:
    publisher: str = PUT
    reader: str = PUT


MUTANTS = {
    "delete to invalidate": Design(DELETE, WRITE),
    "blind set": Design(WRITE, WRITE),
    "compare revisions without a token": Design(COMPARE_ONLY, COMPARE_ONLY),
    "fill without a token": Design(PUT, COMPARE_ONLY),
    "forget a refused publication": Design(NEVER_REFUSED, PUT),
}
