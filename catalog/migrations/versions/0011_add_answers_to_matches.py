"""Add answers to matches.

Revision: 0011; follows: 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("patent_id", sa.Integer(), nullable=False),
        sa.Column("need_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("suitable", "unsuitable", name="feedbackverdict", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "immature",
                "no_advantage",
                "price",
                "has_solution",
                "other_field",
                "rights",
                "more_development",
                "other",
                name="feedbackreason",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("who", sa.String(length=300), nullable=False),
        sa.Column("generation", sa.String(length=64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("who_key", sa.String(length=300), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("replaced_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["need_id"], ["needs.id"], name=op.f("fk_feedback_need_id_needs")),
        sa.ForeignKeyConstraint(["patent_id"], ["patents.id"], name=op.f("fk_feedback_patent_id_patents")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_feedback_need_id"), ["need_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_feedback_patent_id"), ["patent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_feedback_replaced_by"), ["replaced_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_feedback_who_key"), ["who_key"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_feedback_who_key"))
        batch_op.drop_index(batch_op.f("ix_feedback_replaced_by"))
        batch_op.drop_index(batch_op.f("ix_feedback_patent_id"))
        batch_op.drop_index(batch_op.f("ix_feedback_need_id"))

    op.drop_table("feedback")
