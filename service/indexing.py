"""Building the index of an installation: embed, classify by text what has no class, and put the result in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.build import BuildReport
    from matching.segments import Assigned
    from service.runtime import Runtime


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The generation in use and what was classified from text on the way to it."""

    build: BuildReport
    assigned: Assigned


def rebuild(runtime: Runtime, progress: Callable[[str, int, int], None] | None = None) -> IndexReport:
    """Build a generation; what has no segment is classified by its nearest patents and the filters built again.

    The second build embeds nothing. Raises as `index.build.reindex` does.
    """
    from index.build import reindex
    from matching.segments import assign_from_text

    def build() -> BuildReport:
        return reindex(runtime.database, runtime.settings.data, runtime.encoder, progress=progress)

    first = build()
    assigned = assign_from_text(runtime.database, runtime.store.open(first.name))
    if not (assigned.needs or assigned.patents):
        return IndexReport(first, assigned)
    last = build()
    # Every text was embedded or reused by the first build; the second finds them all known.
    whole = replace(last, embedded=first.embedded, reused=first.reused, seconds=first.seconds + last.seconds)
    return IndexReport(whole, assigned)
