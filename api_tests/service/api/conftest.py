"""Tests of a file leave the shared installation as it was, for those of other files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from service.installation.runtime import Runtime


@pytest.fixture(scope="module", autouse=True)
def as_before(server: str, api_key: str, installation: Runtime) -> Iterator[None]:
    """Puts the catalogue back as it was before the tests of a file; its key exists by then."""
    path = str(installation.database.engine.url.database)
    with closing(sqlite3.connect(":memory:")) as kept:
        with closing(sqlite3.connect(path, timeout=60)) as stored:
            stored.backup(kept)
        yield
        with closing(sqlite3.connect(path, timeout=60)) as stored:
            kept.backup(stored)
