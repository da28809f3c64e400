"""Arrays in files, mapped into memory: shared between processes, read on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mapped(path: Path) -> NDArray[Any]:
    """The array in the .npy file at `path`, read-only.

    A plain array over the mapping: every slice of a numpy memmap costs microseconds, and a query takes hundreds.
    """
    array: NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)
    return array
