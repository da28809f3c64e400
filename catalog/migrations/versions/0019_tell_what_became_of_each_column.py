"""Tell of each column of an imported file what it was taken for and what became of its cells.

What earlier imports noted of their columns, without counts, goes into their remarks.

Revision: 0019; follows: 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_IMPORTS = sa.table(
    "imports",
    sa.column("id", sa.Integer),
    sa.column("mapping", sa.JSON),
    sa.column("columns", sa.JSON),
    sa.column("message", sa.Text),
)


def upgrade() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(_IMPORTS)).all():
        said = "；".join(f"{label} ← {column}" for label, column in (row.mapping or {}).items())
        lines = [row.message, f"各列的对应：{said}" if said else ""]
        values = {"columns": [], "message": "\n".join(line for line in lines if line)}
        connection.execute(sa.update(_IMPORTS).where(_IMPORTS.c.id == row.id).values(**values))
    # In place: copied and dropped, the table would take the rows that refer to it along.
    op.drop_column("imports", "mapping")
    op.add_column(
        "imports", sa.Column("places_version", sa.String(length=64), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("imports", "places_version")
    op.add_column("imports", sa.Column("mapping", sa.JSON(), nullable=False, server_default="{}"))
