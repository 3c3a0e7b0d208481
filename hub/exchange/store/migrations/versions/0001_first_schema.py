"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "carried",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("n", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("member", "day", name=op.f("pk_carried")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "heavy",
        sa.Column("tok", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tok", name=op.f("pk_heavy")),
    )
    op.create_table(
        "idempotency",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("member", "key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("sequence", NUMBER, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("passage", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("log_index", NUMBER, nullable=False),
        sa.Column("put_at", NUMBER, nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_inbox")),
        sa.UniqueConstraint("item", name=op.f("uq_inbox_item")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_inbox_member_sequence"), "inbox", ["member", "sequence"], unique=False)
    op.create_index(op.f("ix_inbox_passage"), "inbox", ["passage"], unique=False)
    op.create_table(
        "invite",
        sa.Column("code_digest", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("valid_until", NUMBER, nullable=False),
        sa.Column("used_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_invite")),
    )
    op.create_table(
        "log_entry",
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_log_entry")),
    )
    op.create_table(
        "log_head",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_node",
        sa.Column("level", NUMBER, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name=op.f("pk_log_node")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "member",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("area", sa.Text(), nullable=True),
        sa.Column("allowance", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_member")),
    )
    op.create_table(
        "notice",
        sa.Column("rec", NUMBER, nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("asserted_at", NUMBER, nullable=False),
        sa.Column("kept_at", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("log_index", NUMBER, nullable=True),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("promise", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("rec", name=op.f("pk_notice")),
        sa.UniqueConstraint("notice", name=op.f("uq_notice_notice")),
    )
    op.create_index(
        op.f("ix_notice_expires_at"),
        "notice",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('open', 'closed')"),
        postgresql_where=sa.text("state IN ('open', 'closed')"),
    )
    op.create_index(op.f("ix_notice_sender_notice"), "notice", ["sender", "notice"], unique=False)
    op.create_table(
        "opening_party",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("member", "idx", name=op.f("pk_opening_party")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("due", NUMBER, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "paper",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", NUMBER, nullable=False),
        sa.Column("valid_until", NUMBER, nullable=True),
        sa.Column("log_index", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("kind", "name", "version", name=op.f("pk_paper")),
    )
    op.create_table(
        "passage",
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=True),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("counter", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("strength", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=True),
        sa.Column("asked_for", sa.LargeBinary(), nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("opened_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("passage", name=op.f("pk_passage")),
        sa.UniqueConstraint(
            "notice", "recipient", "counter", name=op.f("uq_passage_notice_recipient_counter")
        ),
        sa.UniqueConstraint("request", name=op.f("uq_passage_request")),
    )
    op.create_index(op.f("ix_passage_counter"), "passage", ["counter"], unique=False)
    op.create_index(op.f("ix_passage_state_sender"), "passage", ["state", "sender"], unique=False)
    op.create_table(
        "posting",
        sa.Column("tok", NUMBER, nullable=False),
        sa.Column("rec", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tok", "rec", name=op.f("pk_posting")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "refusal",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal")),
        sa.UniqueConstraint(
            "passage",
            "code",
            "agreement",
            "version",
            "clause",
            name=op.f("uq_refusal_passage_code_agreement_version_clause"),
        ),
    )
    op.create_index(op.f("ix_refusal_sender_day"), "refusal", ["sender", "day"], unique=False)
    op.create_table(
        "replay",
        sa.Column("jkt", sa.Text(), nullable=False),
        sa.Column("jti", sa.Text(), nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("jkt", "jti", name=op.f("pk_replay")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_replay_expires_at"), "replay", ["expires_at"], unique=False)
    op.create_table(
        "wrapped_key",
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("box", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", "member", name=op.f("pk_wrapped_key")),
    )
    op.create_table(
        "body",
        sa.Column("rec", NUMBER, nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.Column("counter_tokens", sa.LargeBinary(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("rec", name=op.f("pk_body")),
        sa.ForeignKeyConstraint(["rec"], ["notice.rec"], name=op.f("fk_body_rec")),
    )
    op.create_table(
        "member_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=True),
        sa.Column("valid_from", NUMBER, nullable=False),
        sa.Column("valid_until", NUMBER, nullable=False),
        sa.Column("log_index", NUMBER, nullable=True),
        sa.Column("revoked_at_index", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_member_key")),
        sa.ForeignKeyConstraint(["member"], ["member.member"], name=op.f("fk_member_key_member")),
    )
    op.create_index(op.f("ix_member_key_member"), "member_key", ["member"], unique=False)
    op.create_table(
        "opening",
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("parties", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_opening")),
        sa.ForeignKeyConstraint(["idx"], ["log_entry.idx"], name=op.f("fk_opening_idx")),
    )
    op.create_index(op.f("ix_opening_notice"), "opening", ["notice"], unique=False)
    op.create_table(
        "rest_key",
        sa.Column("rec", NUMBER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rec", name=op.f("pk_rest_key")),
        sa.ForeignKeyConstraint(["rec"], ["notice.rec"], name=op.f("fk_rest_key_rec")),
    )
    op.create_table(
        "tokens",
        sa.Column("rec", NUMBER, nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("filters", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rec", name=op.f("pk_tokens")),
        sa.ForeignKeyConstraint(["rec"], ["notice.rec"], name=op.f("fk_tokens_rec")),
    )
    head = sa.table(
        "log_head",
        sa.column("id", NUMBER),
        sa.column("size", NUMBER),
        sa.column("frontier", sa.LargeBinary()),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "frontier": b""}])


def downgrade() -> None:
    op.drop_table("tokens")
    op.drop_table("rest_key")
    op.drop_table("opening")
    op.drop_table("member_key")
    op.drop_table("body")
    op.drop_table("wrapped_key")
    op.drop_table("replay")
    op.drop_table("refusal")
    op.drop_table("posting")
    op.drop_table("passage")
    op.drop_table("paper")
    op.drop_table("outbox")
    op.drop_table("opening_party")
    op.drop_table("notice")
    op.drop_table("member")
    op.drop_table("log_node")
    op.drop_table("log_head")
    op.drop_table("log_entry")
    op.drop_table("invite")
    op.drop_table("inbox")
    op.drop_table("idempotency")
    op.drop_table("heavy")
    op.drop_table("checkpoint")
    op.drop_table("carried")
