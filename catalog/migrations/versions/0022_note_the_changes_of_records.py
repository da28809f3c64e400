"""Note the changes of records.

Revision: 0022; follows: 0021.

The triggers are created after all migrations (`catalog.changes.triggers.ensure`).
"""

import sqlalchemy as sa
from alembic import op

from catalog.changes import triggers

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Kind, table, and the name under which deletions are noted.
_KINDS = (
    ("patents", "patents", "patent"),
    ("needs", "needs", "need"),
    ("enterprises", "enterprises", "enterprise"),
    ("holders", "holders", "holder"),
    ("licences", "licences", "licence"),
    ("deals", "deals", "deal"),
    ("facts", "patent_facts", "fact"),
    ("feedback", "feedback", "feedback"),
    ("pipeline", "pipeline_cases", "case"),
    ("activities", "activities", "activity"),
    ("invitations", "invitations", "invitation"),
    ("meetings", "meetings", "meeting"),
    ("outcomes", "meeting_outcomes", "outcome"),
)


def upgrade() -> None:
    op.create_table(
        "record_changes",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column(
            "operation",
            sa.Enum("created", "updated", "deleted", name="operation", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_record_changes")),
        sa.UniqueConstraint("kind", "record_id", name=op.f("uq_record_changes_kind_record_id")),
    )
    known = [
        f"SELECT '{kind}' AS kind, id, 'created' AS operation, updated_at AS at FROM {table}"
        for kind, table, _ in _KINDS
    ]
    deleted = [
        f"SELECT '{kind}', record_id, 'deleted', max(deleted_at) FROM tombstones"
        f" WHERE kind = '{noted}' AND restored_at IS NULL GROUP BY record_id"
        for kind, _, noted in _KINDS
    ]
    op.execute(
        "INSERT INTO record_changes (kind, record_id, transaction_id, seq, operation, at)"
        " SELECT kind, id, 0, row_number() OVER (ORDER BY at, kind, id), operation, at"
        f" FROM ({' UNION ALL '.join([*known, *deleted])}) AS known"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            op.f("ix_record_changes_transaction_id_seq"), "record_changes", ["transaction_id", "seq"]
        )
        sequence = "pg_get_serial_sequence('record_changes', 'seq')"
        op.execute(
            f"SELECT setval({sequence}, (SELECT coalesce(max(seq), 0) + 1 FROM record_changes), false)"
        )
        triggers.set_offset(op.get_bind(), 0)


def downgrade() -> None:
    triggers.drop(op.get_bind())
    op.drop_table("record_changes")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION record_changes_offset()")
