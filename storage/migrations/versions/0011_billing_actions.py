"""What was asked for under an idempotency key, what Stripe was asked because of it, and what came of it."""

from alembic import op

revision = "0011"
down_revision = "0014"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE billing_action (
            actor           text        NOT NULL,
            idempotency_key text        NOT NULL,
            kind            text        NOT NULL,
            fingerprint     text        NOT NULL,
            begun_at        timestamptz NOT NULL,
            lease_until     timestamptz,
            -- Each request to Stripe by its name, as it was first sent, so that it is sent again unchanged.
            steps           jsonb       NOT NULL DEFAULT '{}',
            -- Null until it has come to an end; then never another.
            result          jsonb,
            finished_at     timestamptz,
            PRIMARY KEY (actor, idempotency_key)
        )
    """)
    op.execute("CREATE INDEX billing_action_running ON billing_action (actor) WHERE lease_until IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP TABLE billing_action")
