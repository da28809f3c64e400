"""Add the state in which an import left the catalogue.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=64), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_imports_file_hash"), ["file_hash"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_imports_file_hash"))
        batch_op.drop_column("state")
