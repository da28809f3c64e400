"""Building the index of an installation: embed, classify by text what has no class, and put the result in use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.kit.days import beijing_today

if TYPE_CHECKING:
    from index.generations.build import BuildReport
    from index.generations.sides import NeedSide, PatentSide
    from service.installation.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Assigned:
    """The numbers of needs and patents that received classes from their text."""

    needs: int = 0
    patents: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The generation in use and what was classified from text on the way to it."""

    build: BuildReport
    assigned: Assigned


def rebuild(runtime: Runtime, progress: Callable[[str, int, int], None] | None = None) -> IndexReport:
    """Build a generation; what has no segment is classified by its nearest patents on the way.

    Raises as `index.generations.build.reindex` does, and as `matching.evaluation.canaries.check`.
    """
    from index.generations.build import reindex
    from matching.evaluation import canaries
    from matching.night.classes import assign_from_text

    assigned = Assigned()

    def classify(patents: PatentSide, needs: NeedSide) -> tuple[Sequence[int], Sequence[int]]:
        nonlocal assigned
        found = assign_from_text(runtime.database, patents, needs)
        assigned = Assigned(len(found.needs), len(found.patents))
        return found.patents, found.needs

    encoder, data = runtime.encoder, runtime.settings.data
    check = canaries.check(runtime.database, encoder, data)
    build = reindex(
        runtime.database,
        data,
        encoder,
        progress=progress,
        check=check,
        classify=classify,
        today=beijing_today(),
    )
    return IndexReport(build, assigned)
