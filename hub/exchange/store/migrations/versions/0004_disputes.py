"""Releases can be contested: a dispute, and the messages of its thread."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dispute",
        sa.Column("dispute", sa.Text(), nullable=False),
        sa.Column("opener", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("entry", NUMBER, nullable=False),
        sa.Column("grievance", sa.Text(), nullable=False),
        sa.Column("agreement", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("opened_at", NUMBER, nullable=False),
        sa.Column("due_at", NUMBER, nullable=True),
        sa.Column("closed_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("dispute", name=op.f("pk_dispute")),
    )
    for name, columns in (
        ("ix_dispute_entry", ["entry"]),
        ("ix_dispute_opener", ["opener"]),
        ("ix_dispute_other", ["other"]),
        ("ix_dispute_state_due_at", ["state", "due_at"]),
    ):
        op.create_index(op.f(name), "dispute", columns, unique=False)
    op.create_table(
        "dispute_letter",
        sa.Column("dispute", sa.Text(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dispute"], ["dispute.dispute"], name=op.f("fk_dispute_letter_dispute")),
        sa.PrimaryKeyConstraint("dispute", "number", name=op.f("pk_dispute_letter")),
    )


def downgrade() -> None:
    op.drop_table("dispute_letter")
    op.drop_table("dispute")
