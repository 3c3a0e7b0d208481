"""A passage remembers that somebody was shielded, and whether the arrival's side may be named."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("passage", sa.Column("blind", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("passage", sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("passage", "named")
    op.drop_column("passage", "blind")
