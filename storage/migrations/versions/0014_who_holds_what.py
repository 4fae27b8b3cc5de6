"""Organisations with their seats and overrides, where members are, experiments, limits that were hit, who set what."""

from alembic import op

revision = "0014"
down_revision = "0010"


def upgrade() -> None:
    _where_and_with_whom()
    _what_is_tried()
    _append_only("operator_act", "experiment")


def _where_and_with_whom() -> None:
    op.execute("""
        CREATE TABLE entitlement_country (
            owner     text NOT NULL,
            member_id text NOT NULL REFERENCES member_entitlement (member_id),
            country   text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
            PRIMARY KEY (member_id, owner, country)
        )
    """)
    op.execute("CREATE INDEX entitlement_country_owner ON entitlement_country (owner)")
    # `seats` is how many of the payer's seats there are, kept when what the payer holds is recorded; null is no limit.
    op.execute("""
        CREATE TABLE organization (
            id         text        PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 200),
            name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
            payer_id   text        UNIQUE REFERENCES member (id),
            seats      bigint      DEFAULT 0 CHECK (seats >= 0),
            created_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE organization_member (
            organization_id text        NOT NULL REFERENCES organization (id),
            member_id       text        NOT NULL REFERENCES member (id),
            seat            bigint,
            joined_at       timestamptz NOT NULL,
            PRIMARY KEY (member_id, organization_id)
        )
    """)
    op.execute("CREATE UNIQUE INDEX organization_seat ON organization_member (organization_id, seat)")
    op.execute("""
        CREATE TABLE organization_override (
            organization_id text  NOT NULL REFERENCES organization (id),
            kind            text  NOT NULL CHECK (kind IN ('feature', 'limit', 'level')),
            key             text  NOT NULL,
            value           jsonb NOT NULL,
            source_id       text  NOT NULL,
            starts_at       timestamptz,
            ends_at         timestamptz,
            PRIMARY KEY (organization_id, kind, key)
        )
    """)


def _what_is_tried() -> None:
    # Each row says all that holds for its key from then on; null is that it is over.
    op.execute("""
        CREATE TABLE experiment (
            number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key         text        NOT NULL,
            content     jsonb,
            recorded_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE operator_act (
            number      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            actor       text        NOT NULL,
            what        text        NOT NULL,
            subject     text        NOT NULL,
            case_id     text        NOT NULL,
            reason      text        NOT NULL,
            detail      jsonb       NOT NULL,
            recorded_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX operator_act_subject ON operator_act (subject, number)")
    op.execute("""
        CREATE TABLE limit_hit (
            member_id  text        NOT NULL,
            name       text        NOT NULL,
            window_at  timestamptz NOT NULL,
            allowed    bigint      NOT NULL,
            used       bigint      NOT NULL,
            variants   text[]      NOT NULL,
            hit_at     timestamptz NOT NULL,
            PRIMARY KEY (member_id, name, window_at)
        )
    """)
    op.execute("CREATE INDEX limit_hit_latest ON limit_hit (hit_at DESC, member_id, name)")
    op.execute("CREATE INDEX usage_event_meter ON usage_event (member_id, meter, occurred_at)")


def _append_only(*tables: str) -> None:
    op.execute("""
        CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
    """)
    for table in tables:
        op.execute(f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite()
        """)


def downgrade() -> None:
    op.execute("DROP INDEX usage_event_meter")
    op.execute(
        "DROP TABLE limit_hit, operator_act, experiment, organization_override, organization_member, organization,"
        " entitlement_country"
    )
    op.execute("DROP FUNCTION refuse_to_rewrite")
