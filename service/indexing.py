"""Building the index of an installation: embed, classify by text what has no class, and put the result in use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from catalog.errors import Conflict

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

    The second build embeds nothing, and the first generation, which lacks the classes, is not kept: a rollback leads to what was
    in use before. Raises as `index.build.reindex` does, and as `matching.canaries.check`.
    """
    from index.build import note_in_catalogue, reindex
    from index.generation import KEPT
    from matching import canaries
    from matching.segments import assign_from_text

    check = canaries.check(runtime.database, runtime.encoder, runtime.settings.data)

    def build() -> BuildReport:
        # One more is kept until the first of the two goes, or it would drive out one that is wanted.
        settings, encoder = runtime.settings, runtime.encoder
        return reindex(
            runtime.database, settings.data, encoder, progress=progress, check=check, keep=KEPT + 1
        )

    first = build()
    assigned = assign_from_text(runtime.database, runtime.store.open(first.name))
    whole = first
    if assigned.needs or assigned.patents:
        last = build()
        # Every text was embedded or reused by the first build; the second finds them all known.
        whole = replace(
            last, embedded=first.embedded, reused=first.reused, seconds=first.seconds + last.seconds
        )
    with suppress(Conflict):  # whoever builds by now prunes too
        if whole is not first:
            runtime.store.remove(first.name)
        runtime.store.prune()
    note_in_catalogue(runtime.database, runtime.store)
    return IndexReport(whole, assigned)
