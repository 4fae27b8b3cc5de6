"""What events prove of invoices, and the messages that members are owed."""

from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE stripe_invoice_fact (
            invoice_id      text        NOT NULL,
            subscription_id text        NOT NULL,
            step            text        NOT NULL,
            occurred_at     timestamptz NOT NULL,
            PRIMARY KEY (invoice_id, subscription_id, step, occurred_at)
        )
    """)
    op.execute("CREATE INDEX stripe_invoice_fact_subscription ON stripe_invoice_fact (subscription_id)")
    # Owed once: whoever works it out again finds it there.
    op.execute("""
        CREATE TABLE message (
            number      bigint      GENERATED ALWAYS AS IDENTITY,
            member_id   text        NOT NULL,
            kind        text        NOT NULL,
            cause       text        NOT NULL,
            channels    text[]      NOT NULL,
            due_at      timestamptz NOT NULL,
            state       text        NOT NULL CHECK (state IN ('owed', 'shown', 'skipped')),
            recorded_at timestamptz NOT NULL,
            PRIMARY KEY (member_id, kind, cause)
        )
    """)
    op.execute("CREATE INDEX message_owed ON message (number) WHERE state = 'owed'")


def downgrade() -> None:
    op.execute("DROP TABLE message, stripe_invoice_fact")
