"""Transactions of an import: one a batch, or for a dry run a single one that is rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from catalog.db import Database, Session


class _RollBack(Exception):
    """Ends a dry run."""


Open = Callable[[], AbstractContextManager[Session]]


@contextmanager
def writing(database: Database, dry_run: bool) -> Iterator[Open]:
    """Opens transactions: one a batch, or for a dry run a single one that is rolled back at the end."""
    if not dry_run:
        yield database.write
        return
    try:
        with database.write() as session:
            yield lambda: nullcontext(session)
            raise _RollBack
    except _RollBack:
        pass
