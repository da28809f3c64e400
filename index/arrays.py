"""Names of the arrays that go through the index and matching."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""Scores, or anything else in single precision."""
Vectors = NDArray[np.float32]
"""Unit vectors, shape (n, dimensions), or one of them."""
Rows = NDArray[np.int64]
"""Numbers of rows."""
