"""The screening (盘点筛选) of an installation: its weights, and how strongly its open needs match its patents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from assessment.screening import dormancy
from assessment.screening import weights as screening_weights
from assessment.screening.dormancy import ScreenReport
from catalog.kit.errors import NotFound
from service.installation.runtime import Runtime

NO_INDEX = "索引尚未建立，需求匹配项按数据缺失计；先运行 patentdock reindex 可计入"
UNUSABLE_INDEX = "索引无法使用，需求匹配项按数据缺失计；运行 patentdock reindex 重建后可计入"


def screen(
    runtime: Runtime, as_of: date, progress: Callable[[int, int | None], None] | None = None
) -> ScreenReport:
    """Screen all patents as of that day and store the results; the model itself is not needed.

    A damaged index counts as none: the night that screens first builds another one afterwards. Raises InvalidInput when the
    operator's own table of weights cannot be used.
    """
    from index.files.damage import GenerationDamaged

    weights = screening_weights.load(runtime.settings.data)
    missing = NO_INDEX
    try:
        generation = runtime.store.current()
    except (GenerationDamaged, NotFound):
        generation, missing = None, UNUSABLE_INDEX
    strengths: dict[int, float] = {}
    if generation is not None:
        from matching.night.strength import match_strength

        strengths = match_strength(generation)
    report = dormancy.screen(runtime.database, as_of, weights, strengths, progress)
    if generation is None:
        report.messages.append(missing)
    return report
