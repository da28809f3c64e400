"""Real data, which is no part of the project: the folder that the environment variable PATENTDOCK_REALDATA names."""

from __future__ import annotations

import os
from pathlib import Path


def real_file(name: str) -> Path | None:
    """A file of that folder; None where it is absent or the variable is not set."""
    folder = os.environ.get("PATENTDOCK_REALDATA")
    return path if folder and (path := Path(folder) / name).is_file() else None
