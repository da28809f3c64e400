"""The needs of many patents by day: as the night finds them, in a generation over which recent changes are laid.

The night's way needs a generation as it was built. So patents that were in it ask the needs that were in it, then those that
are new; patents that are new ask alone, all needs together. Candidates are the best of each of these, not of all needs: there
are rather more of them than in a request, and none fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from catalog.runs.matches import NightMatch
from index.generations.generation import Generation
from index.live.view import LiveCollection
from matching.night.night import Found, needs_for_patents
from matching.ranking.pair_factors import PairFactors
from matching.retrieval.relevance import MICRO
from matching.retrieval.retrieve import AskingPatent, Hit, Rows, retrieve_needs, sentences_of

Words = Callable[[list[int]], Mapping[int, list[str]]]
"""The tokens of the texts of patents, by id; those that are gone are left out."""


def needs_for_patents_now(
    generation: Generation, rows: Rows, top: int, factors: PairFactors, among: Rows | None, words: Words
) -> Iterator[Found]:
    """The `top` needs of `among` (None: all) for each of the patents `rows`, ascending, in blocks."""
    built, needs = generation.built, generation.needs
    if not isinstance(needs, LiveCollection):
        yield from needs_for_patents(generation, rows, top, factors=factors, among=among)
        return
    allowed = needs.present if among is None else among
    old, new = allowed[allowed < needs.settled], allowed[allowed >= needs.settled]
    asking = rows[rows < generation.patents.settled]
    found = dict(_of_blocks(needs_for_patents(built, asking, top, factors=factors, among=old)))
    if len(new):
        tail = replace(built, needs=needs.added)
        those = factors.of_needs(np.arange(needs.settled, len(needs)))
        blocks = needs_for_patents(tail, asking, top, factors=those, among=new - needs.settled)
        for patent, matches in _of_blocks(blocks):
            found[patent] = sorted([*found[patent], *matches], key=lambda one: (-one.score, one.id))[:top]
    yield list(found.items())
    added = rows[len(asking) :].tolist()
    said = words([int(generation.patents.ids[row]) for row in added]) if added else {}
    yield [_alone(generation, row, said, top, factors, among) for row in added]


def _of_blocks(blocks: Iterator[Found]) -> Iterator[tuple[int, list[NightMatch]]]:
    return (one for block in blocks for one in block)


def _alone(
    generation: Generation,
    row: int,
    said: Mapping[int, list[str]],
    top: int,
    factors: PairFactors,
    among: Rows | None,
) -> tuple[int, list[NightMatch]]:
    patents, id_ = generation.patents, int(generation.patents.ids[row])
    asking = AskingPatent(patents.vectors.vector(row), sentences_of(patents).document(row), said.get(id_, []))
    hits = retrieve_needs(
        generation, asking, among, top, raised=lambda its: factors.total(its, np.array([row]))
    )
    return id_, [_as_at_night(hit) for hit in hits]


def _as_at_night(hit: Hit) -> NightMatch:
    raised = round((hit.score - hit.relevance) * MICRO) / MICRO
    return NightMatch(hit.id, hit.score, hit.document, hit.sentence, hit.lexical, raised)
