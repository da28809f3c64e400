"""Keep the answers to requests that callers may repeat.

Revision: 0024; follows: 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeatable_requests",
        sa.Column("caller", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_repeatable_requests")),
    )
    op.create_index(op.f("ix_repeatable_requests_at"), "repeatable_requests", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_repeatable_requests_at"), table_name="repeatable_requests")
    op.drop_table("repeatable_requests")
