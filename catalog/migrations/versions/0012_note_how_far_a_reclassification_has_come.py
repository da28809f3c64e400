"""Note how far a reclassification has come

Revision: 0012; follows: 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("segment_catalogues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reclassified_to", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("segment_catalogues", schema=None) as batch_op:
        batch_op.drop_column("reclassified_to")
