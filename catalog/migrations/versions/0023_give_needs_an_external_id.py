"""Give needs the id that their sender gave them.

Revision: 0023; follows: 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("needs", sa.Column("external_id", sa.String(length=100), nullable=True))
    op.create_index(op.f("ix_needs_external_id"), "needs", ["external_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_needs_external_id"), table_name="needs")
    # Making the table anew, as alembic would, forgets that its ids are never given twice.
    op.execute("ALTER TABLE needs DROP COLUMN external_id")
