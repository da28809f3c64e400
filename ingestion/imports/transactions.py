"""Transactions of an import: one a batch; for a dry run they end without a trace.

A dry run must not keep others from writing. A small file is tried out in a single transaction that is rolled back; a large
one on a copy of the database, of which SQLite makes a consistent one while others write. PostgreSQL lets others write beside
an open transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from catalog.db import Database, Session

SMALL_FILE = 1_000_000
"""Maximum size in bytes of a file that is read within a few seconds in any format."""


class _RollBack(Exception):
    """Ends a dry run."""


Open = Callable[[], AbstractContextManager[Session]]


class Transactions(NamedTuple):
    """Opens sessions for reading and for writing."""

    read: Open
    write: Open


@contextmanager
def writing(
    database: Database, path: Path, dry_run: bool, small_file: int = SMALL_FILE
) -> Iterator[Transactions]:
    """The transactions in which the file `path` is imported; a dry run of more bytes than `small_file` is done on a copy.

    Raises NotReady when there is no room for one.
    """
    if not dry_run:
        yield Transactions(database.read, database.write)
    elif database.is_sqlite and path.stat().st_size > small_file:
        with TemporaryDirectory(prefix="patentdock-") as folder:
            copy = database.copy_to(Path(folder) / "catalog.db")
            try:
                yield Transactions(copy.read, copy.write)
            finally:
                copy.dispose()
    else:
        try:
            with database.write() as session:
                yield Transactions(lambda: nullcontext(session), lambda: nullcontext(session))
                raise _RollBack
        except _RollBack:
            pass
