"""Stripe's events as they came, the facts they prove, the mirror of subscriptions and disputes, and the sync queue."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_events()
    _create_facts()
    _create_queue()
    _create_mirror()
    _create_log()


def _create_events() -> None:
    op.execute("""
        CREATE TABLE stripe_event (
            id          text        PRIMARY KEY,
            type        text        NOT NULL,
            created_at  timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            livemode    boolean     NOT NULL,
            object_id   text,
            customer_id text,
            body        text        NOT NULL
        )
    """)
    op.execute("CREATE INDEX stripe_event_received ON stripe_event (received_at, id)")
    op.execute("CREATE INDEX stripe_event_customer ON stripe_event (customer_id, received_at, id)")
    op.execute("""
        CREATE TABLE stripe_link (
            child_kind  text NOT NULL,
            child_id    text NOT NULL,
            parent_kind text NOT NULL,
            parent_id   text NOT NULL,
            PRIMARY KEY (child_id, parent_id)
        )
    """)
    op.execute("CREATE INDEX stripe_link_parent ON stripe_link (parent_id)")


def _create_facts() -> None:
    op.execute("""
        CREATE TABLE stripe_pause_fact (
            subscription_id text        NOT NULL,
            step            text        NOT NULL,
            occurred_at     timestamptz NOT NULL,
            period_end      timestamptz,
            UNIQUE NULLS NOT DISTINCT (subscription_id, step, occurred_at, period_end)
        )
    """)
    op.execute("""
        CREATE TABLE stripe_claim (
            customer_id text        NOT NULL,
            claimed_at  timestamptz NOT NULL,
            seen_at     timestamptz NOT NULL,
            source      text        NOT NULL,
            member_id   text,
            UNIQUE NULLS NOT DISTINCT (customer_id, claimed_at, seen_at, source, member_id)
        )
    """)
    # Objects seen whose customer is not known yet.
    op.execute("""
        CREATE TABLE stripe_unlinked (
            id       text        PRIMARY KEY,
            kind     text        NOT NULL,
            attempts integer     NOT NULL DEFAULT 0,
            retry_at timestamptz NOT NULL DEFAULT now()
        )
    """)


def _create_queue() -> None:
    # Work is due while dirty > clean. `token` fences: only the last claimant may commit.
    op.execute("""
        CREATE TABLE customer_sync (
            customer_id text        PRIMARY KEY,
            member_id   text,
            dirty       bigint      NOT NULL DEFAULT 0,
            clean       bigint      NOT NULL DEFAULT 0 CHECK (clean <= dirty),
            token       bigint      NOT NULL DEFAULT 0,
            lease_until timestamptz,
            attempts    integer     NOT NULL DEFAULT 0,
            retry_at    timestamptz
        )
    """)
    op.execute(
        "CREATE INDEX customer_sync_due ON customer_sync (retry_at NULLS FIRST, customer_id) WHERE dirty > clean"
    )
    op.execute("CREATE INDEX customer_sync_member ON customer_sync (member_id)")


def _create_mirror() -> None:
    op.execute("""
        CREATE TABLE subscription (
            id          text        PRIMARY KEY,
            customer_id text        NOT NULL,
            status      text        NOT NULL,
            created_at  timestamptz NOT NULL,
            content     jsonb       NOT NULL
        )
    """)
    op.execute("CREATE INDEX subscription_customer ON subscription (customer_id)")
    op.execute("CREATE INDEX subscription_created ON subscription (created_at DESC, id)")
    op.execute("""
        CREATE TABLE dispute (
            id                text        PRIMARY KEY,
            customer_id       text        NOT NULL,
            status            text        NOT NULL,
            created_at        timestamptz NOT NULL,
            charge_id         text,
            payment_intent_id text,
            subscription_id   text
        )
    """)
    op.execute("CREATE INDEX dispute_customer ON dispute (customer_id)")


def _create_log() -> None:
    op.execute("""
        CREATE TABLE subscription_log (
            number          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            subscription_id text        NOT NULL,
            customer_id     text        NOT NULL,
            before          jsonb,
            after           jsonb,
            recorded_at     timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX subscription_log_subscription ON subscription_log (subscription_id, number)")
    op.execute("""
        CREATE FUNCTION refuse_to_rewrite_subscription_log() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'subscription_log is append-only' USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON subscription_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite_subscription_log()
    """)


def downgrade() -> None:
    op.execute(
        "DROP TABLE subscription_log, dispute, subscription, customer_sync, stripe_unlinked, stripe_claim,"
        " stripe_pause_fact, stripe_link, stripe_event"
    )
    op.execute("DROP FUNCTION refuse_to_rewrite_subscription_log")
