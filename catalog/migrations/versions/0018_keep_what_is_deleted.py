"""Keep what is deleted, and what imports set; give no id twice.

Revision: 0018; follows: 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

REMOVABLE = (
    "patents", "needs", "enterprises", "holders", "patent_facts", "feedback", "licences", "licence_changes", "deals",
    "deal_receipts", "deal_events", "deal_evidence", "pipeline_cases", "pipeline_events",
)  # fmt: skip


def _rebuild(**arguments: object) -> None:
    """Make the tables of removable records anew: SQLite cannot add to a table that no id is given twice."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in REMOVABLE:
        with op.batch_alter_table(name, recreate="always", table_kwargs=arguments):
            pass
    broken = op.get_bind().exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise sa.exc.IntegrityError("PRAGMA foreign_key_check", None, ValueError(f"{tuple(broken)}"))


def upgrade() -> None:
    _rebuild(sqlite_autoincrement=True)
    op.create_table(
        "tombstones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_with", sa.Integer(), nullable=True),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.Column("images", sa.JSON(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstones")),
    )
    with op.batch_alter_table("tombstones", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tombstones_kind_record_id"), ["kind", "record_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tombstones_taken_with"), ["taken_with"], unique=False)
    op.create_table(
        "tombstone_keys",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("tombstone_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tombstone_id"], ["tombstones.id"], name=op.f("fk_tombstone_keys_tombstone_id_tombstones")
        ),
        sa.PrimaryKeyConstraint("key", "tombstone_id", name=op.f("pk_tombstone_keys")),
    )
    with op.batch_alter_table("import_changes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("after", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_import_changes_kind_record_id"), ["kind", "record_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("import_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_import_changes_kind_record_id"))
        batch_op.drop_column("after")
    op.drop_table("tombstone_keys")
    op.drop_table("tombstones")
    _rebuild(sqlite_autoincrement=False)
