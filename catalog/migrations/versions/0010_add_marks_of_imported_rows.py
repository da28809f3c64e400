"""Add marks of imported rows.

Revision: 0010; follows: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported_rows",
        sa.Column("era", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("patent_id", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("facts_stamp", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("era", "mark", name=op.f("pk_imported_rows")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("imported_rows")
