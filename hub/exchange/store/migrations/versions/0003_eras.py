"""The index is partitioned by era, and a notice's tokens can be made anew for a later epoch."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SHORT = "((tok >> 28) & 68719476735)"
"""The 36 highest bits of a token, which had all of its 64. In brackets: SQL takes `|` and `&` in a row."""


def upgrade() -> None:
    op.create_table(
        "era",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_era")),
        sa.UniqueConstraint("epoch", "realm", name=op.f("uq_era_epoch_realm")),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO era (epoch, realm) SELECT DISTINCT epoch, realm FROM tokens")
    op.add_column("notice", sa.Column("renewed", sa.Text(), nullable=True))
    op.rename_table("tokens", "old_tokens")
    _create_tokens(
        sa.Column("era", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["era"], ["era.number"], name=op.f("fk_tokens_era")),
    )
    op.create_index(op.f("ix_tokens_era"), "tokens", ["era"], unique=False)
    op.execute(
        "INSERT INTO tokens (rec, notice, member, era, tokens, filters)"
        " SELECT rec, notice, member, number, tokens, filters FROM old_tokens"
        " JOIN era ON era.epoch = old_tokens.epoch AND era.realm = old_tokens.realm"
    )
    op.drop_table("old_tokens")
    op.rename_table("posting", "old_posting")
    _create_posting()
    op.execute(
        f"INSERT INTO posting (tok, rec) SELECT (era << 36) | {SHORT}, old_posting.rec"  # noqa: S608 - fixed text
        " FROM old_posting JOIN tokens ON tokens.rec = old_posting.rec WHERE true ON CONFLICT DO NOTHING"
    )
    op.drop_table("old_posting")
    _count_heavy()


def downgrade() -> None:
    """Whole tokens stand in the records alone; the index is empty until every notice is added again."""
    op.rename_table("tokens", "new_tokens")
    op.drop_index(op.f("ix_tokens_era"), "new_tokens")
    _create_tokens(
        sa.Column("realm", sa.Text(), nullable=False), sa.Column("epoch", sa.Text(), nullable=False)
    )
    op.execute(
        "INSERT INTO tokens (rec, notice, member, realm, epoch, tokens, filters)"
        " SELECT rec, notice, member, realm, epoch, tokens, filters FROM new_tokens JOIN era ON number = era"
    )
    op.drop_table("new_tokens")
    op.drop_table("era")
    op.drop_column("notice", "renewed")
    op.execute("DELETE FROM posting")
    op.execute("DELETE FROM heavy")


def _create_tokens(*ends: sa.Column[object] | sa.ForeignKeyConstraint) -> None:
    columns = [end for end in ends if isinstance(end, sa.Column)]
    constraints = [end for end in ends if isinstance(end, sa.ForeignKeyConstraint)]
    op.create_table(
        "tokens",
        sa.Column("rec", NUMBER, nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        *columns,
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
        sa.Column("filters", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rec", name=op.f("pk_tokens")),
        sa.ForeignKeyConstraint(["rec"], ["notice.rec"], name=op.f("fk_tokens_rec")),
        *constraints,
    )


def _create_posting() -> None:
    op.create_table(
        "posting",
        sa.Column("tok", NUMBER, nullable=False),
        sa.Column("rec", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("tok", "rec", name=op.f("pk_posting")),
        sqlite_with_rowid=False,
    )


def _count_heavy() -> None:
    op.execute("DELETE FROM heavy")
    op.execute("INSERT INTO heavy (tok) SELECT tok FROM posting GROUP BY tok HAVING count(*) > 300")
