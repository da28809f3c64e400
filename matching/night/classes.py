"""Segments and industries inferred from text (由文本推断): what the nearest labelled patents are.

For needs that state no industry, designs, and records without IPC. A record takes the classes of its nearest patents whose own
classes rest on IPC or on a statement; a neighbour's vote falls by half for every 0.01 of cosine it is farther away
than the nearest one (cosines of the model all lie between 0.8 and 0.95). What is inferred carries the basis `text` and is shown as 推断.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.db import Database, Session
from catalog.demand import needs
from catalog.kit.base import ClassRef
from catalog.supply import patent_classes
from catalog.supply.patent_classes import FROM_TEXT, INFERRED_SCHEMES
from index.arrays import Floats
from index.engine import AskingNeed, AskingPatent, Engine, Filters

NEIGHBOURS = 20
HALVING_COSINE = 0.01
SMALLEST_SHARE = 0.15
MOST_CLASSES = 3
BLOCK = 16_384
"""Records classified together, which a search of all pairs is prepared for."""

Classes = Mapping[int, Sequence[ClassRef]]


@dataclass(frozen=True, slots=True)
class Classified:
    """Ids of the needs and patents that received classes from their text."""

    needs: list[int]
    patents: list[int]


class TextClassifier:
    """Classifies by the nearest of the labelled patents of a generation."""

    def __init__(self, patents: Engine[AskingNeed], session: Session) -> None:
        self._patents, self._session = patents, session
        known = np.asarray(patent_classes.labelled_ids(session), dtype=np.int64)
        self._labelled = np.intersect1d(known, patents.select(Filters()))

    def classify(self, vectors: Floats, own_ids: Sequence[int | None]) -> Iterator[list[ClassRef]]:
        """Industries and segments for each of the `vectors` (n, dimensions); a patent, by its id, never votes for itself."""
        if len(self._labelled) == 0:
            yield from ([] for _ in own_ids)
            return
        for block in self._patents.nearest(vectors, NEIGHBOURS + 1, self._labelled):
            classes = patent_classes.of_patents(self._session, sorted(set(block.ids.ravel().tolist())))
            for query, cosines, ids in zip(block.queries.tolist(), block.cosines, block.ids, strict=True):
                others = ids != (own_ids[query] or -1)
                yield _vote(cosines[others][:NEIGHBOURS], ids[others][:NEIGHBOURS], classes)


def _vote(scores: NDArray[np.float32], ids: NDArray[np.int64], classes: Classes) -> list[ClassRef]:
    if len(scores) == 0:
        return []
    weights = 0.5 ** ((scores[0] - scores) / HALVING_COSINE)
    votes: dict[str, dict[str, float]] = {scheme: defaultdict(float) for scheme in INFERRED_SCHEMES}
    for weight, patent_id in zip(weights, ids, strict=True):
        for ref in classes.get(int(patent_id), ()):
            votes[ref.scheme][ref.code] += float(weight) * ref.weight
    return [ref for scheme, by_code in votes.items() for ref in _heaviest(scheme, by_code)]


def _heaviest(scheme: str, votes: Mapping[str, float]) -> list[ClassRef]:
    total = sum(votes.values())
    ranked = sorted(votes.items(), key=lambda item: (-item[1], item[0]))[:MOST_CLASSES]
    kept = [(code, vote) for code, vote in ranked if vote >= SMALLEST_SHARE * total] or ranked[:1]
    shared = sum(vote for _, vote in kept)
    return [
        ClassRef(scheme=scheme, code=code, weight=round(vote / shared, 4), basis=FROM_TEXT)
        for code, vote in kept
    ]


def assign_from_text(
    database: Database, patents: Engine[AskingNeed], needs_: Engine[AskingPatent]
) -> Classified:
    """Classify every need and patent of these sides that has no segment yet.

    The filter columns of these sides are not updated.
    """
    with database.write() as session:
        classifier = TextClassifier(patents, session)
        return Classified(
            needs=_assign_needs(session, classifier, needs_),
            patents=_assign_patents(session, classifier, patents),
        )


def _assign_needs(session: Session, classifier: TextClassifier, side: Engine[AskingPatent]) -> list[int]:
    targets = [need for need in needs.unlabelled_ids(session) if need in side]
    for block in _blocks(targets):
        found = classifier.classify(side.vectors(np.array(block)), [None] * len(block))
        for need_id, refs in zip(block, found, strict=True):
            needs.add_inferred(session, need_id, refs)
    return targets


def _assign_patents(session: Session, classifier: TextClassifier, side: Engine[AskingNeed]) -> list[int]:
    targets = [patent for patent in patent_classes.unlabelled_ids(session) if patent in side]
    for block in _blocks(targets):
        found = classifier.classify(side.vectors(np.array(block)), block)
        patent_classes.add_inferred(session, dict(zip(block, found, strict=True)))
    return targets


def _blocks(targets: Sequence[int]) -> list[Sequence[int]]:
    return [targets[start : start + BLOCK] for start in range(0, len(targets), BLOCK)]
