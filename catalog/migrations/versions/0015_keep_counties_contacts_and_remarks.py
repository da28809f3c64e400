"""Keep counties, contacts and what could not be read: no optional field refuses a record.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PLACED = ("patents", "needs", "enterprises")


def upgrade() -> None:
    for table in PLACED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("county", sa.String(length=6), nullable=True))
            batch_op.add_column(sa.Column("contact", sa.String(length=500), nullable=True))
            batch_op.add_column(sa.Column("remark", sa.Text(), nullable=True))
    with op.batch_alter_table("licences", schema=None) as batch_op:
        batch_op.add_column(sa.Column("term_months", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("remark", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("licences", schema=None) as batch_op:
        batch_op.drop_column("remark")
        batch_op.drop_column("term_months")
    for table in PLACED:
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in ("remark", "contact", "county"):
                batch_op.drop_column(name)
