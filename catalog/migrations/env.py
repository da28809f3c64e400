"""Alembic environment: the connection comes from `catalog.db.Database.upgrade`."""

from alembic import context
from sqlmodel import SQLModel

import catalog.tables  # noqa: F401  (all tables register with the metadata)

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
