"""Note the level of a state-owned giver and the credit code of a broker in deals.

Revision: 0016; follows: 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deals", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "giver_level",
                sa.Enum(
                    "central", "provincial", "municipal", name="statelevel", native_enum=False, length=24
                ),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("broker_credit_code", sa.String(length=18), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("deals", schema=None) as batch_op:
        batch_op.drop_column("broker_credit_code")
        batch_op.drop_column("giver_level")
