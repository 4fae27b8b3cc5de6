"""Whether the service's own login leaves the second wall standing."""

from sqlalchemy import text

from errors import NotConfigured
from storage.database import Database

# Membership counts as much as being: a member of a role may SET ROLE to it.
POWERS = text("""
    SELECT DISTINCT CASE WHEN rolsuper THEN 'is a superuser, or may become one'
        ELSE 'has BYPASSRLS, or may become a role that has it' END
    FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND pg_has_role(current_user, oid, 'MEMBER')
    UNION ALL
    SELECT 'owns the gated table ' || c.oid::regclass::text || ', or may become its owner'
    FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND c.relrowsecurity AND pg_has_role(current_user, c.relowner, 'MEMBER')
    ORDER BY 1
""")


async def check_login(database: Database) -> None:
    """Raises NotConfigured when this login could read gated rows without holding their feature, else returns.

    A superuser and a role with BYPASSRLS ignore row-level security; an owner can switch it off.
    """
    powers = [str(row[0]) for row in await database.fetch(POWERS)]
    if powers:
        raise NotConfigured(
            "GATEHOUSE_DATABASE_URL: this login could walk round row-level security, for it "
            + "; it ".join(powers)
            + ". Make a plain role for the service (CREATE ROLE gatehouse_app LOGIN) that owns nothing, and keep the"
            " owner's login in GATEHOUSE_DATABASE_OWNER_URL for `gatehouse migrate`."
        )
