"""Segments and industries inferred from text (由文本推断): what the nearest labelled patents are.

For needs that state no industry, designs, and records without IPC. A record takes the classes of its nearest patents whose own
classes rest on IPC or on a statement; a neighbour's vote falls by half for every 0.01 of cosine it is farther away
than the nearest one (cosines of the model all lie between 0.8 and 0.95). What is inferred carries the basis `text` and is shown as 推断.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.db import Database, Session
from catalog.demand import needs
from catalog.kit.base import ClassRef
from catalog.supply import patent_classes
from catalog.supply.patent_classes import FROM_TEXT, INFERRED_SCHEMES
from index.generations.collection import Collection

NEIGHBOURS = 20
HALVING_COSINE = 0.01
SMALLEST_SHARE = 0.15
MOST_CLASSES = 3
BLOCK = 256

Vectors = NDArray[np.float32]
Classes = Mapping[int, Sequence[ClassRef]]


@dataclass(frozen=True, slots=True)
class Classified:
    """Ids of the needs and patents that received classes from their text."""

    needs: list[int]
    patents: list[int]


class TextClassifier:
    """Classifies by the nearest of the labelled patents of a collection."""

    def __init__(self, collection: Collection, session: Session) -> None:
        self._collection, self._session = collection, session
        known = np.asarray(patent_classes.labelled_ids(session), dtype=np.int64)
        self._labelled = np.flatnonzero(np.isin(collection.ids, known))

    def classify(self, vectors: Vectors, own_rows: Sequence[int | None]) -> list[list[ClassRef]]:
        """Industries and segments for `vectors` (n, dimensions); a record's own row never votes for itself."""
        if len(self._labelled) == 0:
            return [[] for _ in own_rows]
        scores, rows = self._collection.vectors.search(vectors, NEIGHBOURS + 1, self._labelled)
        ids = self._collection.ids[rows]
        classes = patent_classes.of_patents(self._session, sorted({int(i) for i in ids.ravel()}))
        answers = []
        for n, own in enumerate(own_rows):
            others = rows[n] != (-1 if own is None else own)
            answers.append(_vote(scores[n][others][:NEIGHBOURS], ids[n][others][:NEIGHBOURS], classes))
        return answers


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


def assign_from_text(database: Database, patents: Collection, needs_: Collection) -> Classified:
    """Give classes to every need and patent of these collections that has no segment yet.

    The collections' own filter columns do not know of them.
    """
    with database.write() as session:
        classifier = TextClassifier(patents, session)
        return Classified(
            needs=_assign_needs(session, classifier, needs_),
            patents=_assign_patents(session, classifier, patents),
        )


def _rows_of(collection: Collection, ids: Sequence[int]) -> list[tuple[int, int]]:
    located = ((record_id, collection.row_of(record_id)) for record_id in ids)
    return [(record_id, row) for record_id, row in located if row is not None]


def _assign_needs(session: Session, classifier: TextClassifier, collection: Collection) -> list[int]:
    targets = _rows_of(collection, needs.unlabelled_ids(session))
    for block in _blocks(targets):
        vectors = np.stack([collection.vectors.vector(row) for _, row in block])
        for (need_id, _), refs in zip(block, classifier.classify(vectors, [None] * len(block)), strict=True):
            needs.add_inferred(session, need_id, refs)
    return [record_id for record_id, _ in targets]


def _assign_patents(session: Session, classifier: TextClassifier, collection: Collection) -> list[int]:
    targets = _rows_of(collection, patent_classes.unlabelled_ids(session))
    for block in _blocks(targets):
        vectors = np.stack([collection.vectors.vector(row) for _, row in block])
        found = classifier.classify(vectors, [row for _, row in block])
        ids = [patent_id for patent_id, _ in block]
        patent_classes.add_inferred(session, dict(zip(ids, found, strict=True)))
    return [record_id for record_id, _ in targets]


def _blocks(targets: Sequence[tuple[int, int]]) -> list[Sequence[tuple[int, int]]]:
    return [targets[start : start + BLOCK] for start in range(0, len(targets), BLOCK)]
