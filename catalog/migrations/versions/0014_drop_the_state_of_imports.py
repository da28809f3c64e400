"""Drop the mark of the state in which an import left the catalogue: rows are recognised one by one.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: copied and dropped, the table would take the rows that refer to it along.
    op.drop_column("imports", "state")


def downgrade() -> None:
    op.add_column("imports", sa.Column("state", sa.String(length=64), nullable=False, server_default=""))
