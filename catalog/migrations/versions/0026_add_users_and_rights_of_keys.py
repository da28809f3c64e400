"""Add users, and the rights of keys.

Revision: 0026; follows: 0025.

Keys that there are may do what they did: all that platforms may.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def _added() -> list[sa.Column[Any]]:
    return [
        sa.Column("former_hash", sa.String(64), nullable=True),
        sa.Column("former_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(24), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=True),
        sa.Column("networks", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("role", sa.String(24), nullable=True),
        sa.Column("area", sa.String(6), nullable=True),
        sa.Column("holder_id", sa.Integer(), nullable=True),
        sa.Column("enterprise_id", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("login", name="uq_users_login"),
    )
    with op.batch_alter_table("api_keys") as batch:
        for column in _added():
            batch.add_column(column)
        batch.create_index("ix_api_keys_owner_id", ["owner_id"])
        batch.create_foreign_key("fk_api_keys_owner_id_users", "users", ["owner_id"], ["id"])
    op.execute("UPDATE api_keys SET role = 'platform'")


def downgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_constraint("fk_api_keys_owner_id_users", type_="foreignkey")
        batch.drop_index("ix_api_keys_owner_id")
        for column in reversed(_added()):
            batch.drop_column(column.name)
    op.drop_table("users")
