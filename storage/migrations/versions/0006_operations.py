"""What keeping up with Stripe needs: dead letters, re-checks, the request budget, backfill and reconciliations."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    _extend_queue()
    _create_budget_and_backfill()
    _create_reconciliations()


def _extend_queue() -> None:
    op.execute("""
        ALTER TABLE customer_sync
            ADD COLUMN faults     integer     NOT NULL DEFAULT 0,
            ADD COLUMN reason     text,
            ADD COLUMN dead_at    timestamptz,
            ADD COLUMN recheck_at timestamptz,
            ADD COLUMN rechecks   integer     NOT NULL DEFAULT 0
    """)
    op.execute("CREATE INDEX customer_sync_recheck ON customer_sync (recheck_at) WHERE recheck_at IS NOT NULL")
    op.execute("CREATE INDEX customer_sync_dead ON customer_sync (dead_at, customer_id) WHERE dead_at IS NOT NULL")
    op.execute("ALTER TABLE stripe_unlinked ADD COLUMN kept_at timestamptz NOT NULL DEFAULT now()")


def _create_budget_and_backfill() -> None:
    # One row each: the next moment at which anybody may ask Stripe, and until when its events were listed.
    op.execute("""
        CREATE TABLE stripe_budget (
            one     boolean     PRIMARY KEY DEFAULT true CHECK (one),
            next_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("INSERT INTO stripe_budget DEFAULT VALUES")
    op.execute("""
        CREATE TABLE stripe_backfill (
            one          boolean     PRIMARY KEY DEFAULT true CHECK (one),
            listed_until timestamptz,
            listed_at    timestamptz,
            lease_until  timestamptz
        )
    """)
    op.execute("INSERT INTO stripe_backfill DEFAULT VALUES")


def _create_reconciliations() -> None:
    op.execute("""
        CREATE TABLE reconciliation (
            id           text        PRIMARY KEY,
            requested_at timestamptz NOT NULL,
            lease_until  timestamptz,
            finished_at  timestamptz,
            customers    integer     NOT NULL DEFAULT 0,
            members      integer     NOT NULL DEFAULT 0
        )
    """)
    op.execute("CREATE INDEX reconciliation_requested ON reconciliation (requested_at DESC, id)")
    op.execute("""
        CREATE TABLE drift (
            number            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            reconciliation_id text        NOT NULL REFERENCES reconciliation (id),
            kind              text        NOT NULL,
            customer_id       text,
            member_id         text,
            detail            text        NOT NULL,
            found_at          timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX drift_reconciliation ON drift (reconciliation_id, number)")


def downgrade() -> None:
    op.execute("DROP TABLE drift, reconciliation, stripe_backfill, stripe_budget")
    op.execute("ALTER TABLE stripe_unlinked DROP COLUMN kept_at")
    op.execute(
        "ALTER TABLE customer_sync DROP COLUMN faults, DROP COLUMN reason, DROP COLUMN dead_at,"
        " DROP COLUMN recheck_at, DROP COLUMN rechecks"
    )
