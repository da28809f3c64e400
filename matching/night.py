"""The night's matches (夜间匹配): every open need against every patent in force, and every such patent against the needs.

Both legs and their fusion are those of `matching.retrieve`, for all records of one generation at once. All comes from the
generation: vectors, tokens and filters; neither the catalogue nor the model is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from catalog.night_matches import NightMatch, NightSide
from index.all_pairs import Group, PairBlock, all_pairs, exact_scores
from index.collection import Collection
from index.columns import Filters
from index.generation import Generation
from index.lexical_pairs import LexicalBlock, lexical_pairs
from index.pair_product import choose_product
from matching.fuse_blocks import fuse_blocks
from matching.retrieve import DEPTH

TOP_PATENTS = 20
"""Patents kept for a need."""
TOP_NEEDS = 10
"""Needs kept for a patent."""

Rows = NDArray[np.int64]
Found = list[tuple[int, list[NightMatch]]]
Store = Callable[[NightSide, Found], None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class NightReport:
    """What a night matched: open needs, patents in force, and in which number format candidates were found, and why."""

    needs: int
    patents_in_force: int
    patents: int
    product: str


def match_all(
    generation: Generation, day: date, store: Store, *, threads: int = 2, progress: Progress | None = None
) -> NightReport:
    """Match all open needs with all patents in force on `day`, both ways, and hand the matches to `store` in blocks.

    Every need is asked with the filter `in_force_on`, as officials ask it; a patent whose time in force is unknown is not
    matched. Memory stays bounded; see `index.all_pairs`.
    """
    patents, needs = generation.patents, generation.needs
    in_force = patents.columns.select(Filters(in_force_on=day))
    if in_force is None:
        raise AssertionError("a filter was given")
    every_need = np.arange(len(needs))
    sides = (
        (NightSide.NEED, "需求匹配专利", needs, patents, every_need, in_force, TOP_PATENTS),
        (NightSide.PATENT, "专利匹配需求", patents, needs, in_force, None, TOP_NEEDS),
    )
    for side, step, asking, answering, its_rows, rows, top in sides:
        done = 0
        for found in best_pairs(asking, answering, its_rows, rows, top, threads=threads):
            store(side, found)
            done += len(found)
            if progress:
                progress(step, done, len(its_rows))
    return NightReport(len(needs), len(in_force), len(patents), choose_product().reason)


def best_pairs(
    asking: Collection,
    answering: Collection,
    asking_rows: Rows,
    rows: Rows | None,
    top: int,
    *,
    threads: int = 2,
) -> Iterator[Found]:
    """The `top` best of `rows` (None: all) of one collection for records of another, fused as `matching.retrieve` does.

    Yields blocks of record ids of `asking` with their matches, best first, by id of `answering`.
    """
    if len(asking_rows) == 0:
        return
    dense = all_pairs(
        answering.vectors, asking.vectors.vectors, DEPTH, [Group(asking_rows, rows)], threads=threads
    )
    lexical = lexical_pairs(asking.lexical, answering.lexical, asking_rows, DEPTH, rows, threads=threads)
    for dense_block, lexical_block in zip(dense, lexical, strict=True):
        yield _fused_block(asking, answering, dense_block, lexical_block, top)


def _fused_block(
    asking: Collection, answering: Collection, dense: PairBlock, lexical: LexicalBlock, top: int
) -> Found:
    rows, scores, counts, ranks = fuse_blocks(dense.rows, lexical.rows, lexical.counts, top, len(answering))
    queries = np.ascontiguousarray(asking.vectors.vectors[dense.queries])
    cosines = exact_scores(answering.vectors, queries, rows, counts).astype(np.float64).round(6)
    columns = [part.tolist() for part in (answering.ids[rows], scores, cosines, ranks[0], ranks[1])]
    return [
        (
            record,
            [NightMatch(i, s, c, d or None, w or None) for i, s, c, d, w in zip(*its, strict=True)][:count],
        )
        for record, count, *its in zip(
            asking.ids[dense.queries].tolist(), counts.tolist(), *columns, strict=True
        )
    ]
