"""The way in which long work reports its progress."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the amount done and the total amount."""
RowProgress = Callable[[int, int | None], None]
"""Called with the rows done and, where known, their number."""
StepProgress = Callable[[str, int, int], None]
"""Called with the name of the step in Chinese, the amount done and the total amount."""
