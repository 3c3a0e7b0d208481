"""A passage remembers why people have to look at it, and who has."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("passage", sa.Column("look", sa.Text(), nullable=True))
    op.add_column("passage", sa.Column("looked_by", sa.Text(), nullable=False, server_default=""))
    op.drop_column("passage", "asked")
    op.drop_column("passage", "opened_at")


def downgrade() -> None:
    op.add_column("passage", sa.Column("opened_at", NUMBER, nullable=True))
    op.add_column("passage", sa.Column("asked", sa.Text(), nullable=False, server_default=""))
    op.drop_column("passage", "looked_by")
    op.drop_column("passage", "look")
