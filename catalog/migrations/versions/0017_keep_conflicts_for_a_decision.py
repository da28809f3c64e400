"""Keep rows that conflict with a stored record for a decision.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATUS = sa.Enum("pending", "replaced", "kept", name="conflictstatus", native_enum=False, length=24)


def upgrade() -> None:
    op.add_column("imports", sa.Column("waiting", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "conflicts",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=100), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("owners", sa.JSON(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("stored_name", sa.String(length=1000), nullable=False),
        sa.Column("stored_owners", sa.JSON(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("put_by", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
    )
    op.create_index(op.f("ix_conflicts_number"), "conflicts", ["number"])
    op.create_index(op.f("ix_conflicts_record_id"), "conflicts", ["record_id"])
    op.create_index(op.f("ix_conflicts_status"), "conflicts", ["status"])
    op.create_table(
        "conflict_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conflict_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conflict_id"], ["conflicts.id"], name=op.f("fk_conflict_rows_conflict_id_conflicts")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_conflict_rows_import_id_imports")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_rows")),
    )
    op.create_index(op.f("ix_conflict_rows_conflict_id"), "conflict_rows", ["conflict_id"])
    op.create_index(op.f("ix_conflict_rows_import_id"), "conflict_rows", ["import_id"])


def downgrade() -> None:
    op.drop_table("conflict_rows")
    op.drop_table("conflicts")
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_column("waiting")
