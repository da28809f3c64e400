"""Alembic environment: the connection comes from `catalog.db.Database.upgrade`."""

from typing import Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import catalog.tables  # noqa: F401  (all tables register with the metadata)
from catalog.changes import triggers
from catalog.kit.base import UtcDateTime


def _render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    # SQLModel's own string type is a plain String; migrations should not depend on SQLModel.
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=_render_item,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
    triggers.ensure(connection)
