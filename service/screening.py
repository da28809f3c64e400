"""The screening (盘点筛选) of an installation: its weights, and how strongly its open needs match its patents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ingestion import dormancy, screening_weights
from ingestion.dormancy import ScreenReport
from service.runtime import Runtime

NO_INDEX = "索引尚未建立，需求匹配项按数据缺失计；先运行 patentdock reindex 可计入"


def screen(
    runtime: Runtime, as_of: date, progress: Callable[[int, int | None], None] | None = None
) -> ScreenReport:
    """Screen all patents as of that day and store the results; the model itself is not needed.

    Raises InvalidInput when the operator's own table of weights cannot be used.
    """
    weights = screening_weights.load(runtime.settings.data)
    generation = runtime.store.current()
    strengths: dict[int, float] = {}
    if generation is not None:
        from matching.strength import match_strength

        strengths = match_strength(generation)
    report = dormancy.screen(runtime.database, as_of, weights, strengths, progress)
    if generation is None:
        report.messages.append(NO_INDEX)
    return report
