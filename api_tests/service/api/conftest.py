"""Tests of a file leave the shared installation as it was, for those of other files."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def every_file(as_before: None) -> None:
    """Asks for `as_before` in every file here."""
