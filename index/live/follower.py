"""Following the catalogue (跟进变更): an in-memory overlay of the changes since a generation was built.

Each turn queries the changes afresh, as all records that changed after a place in the sequence of changes and all whose open
licence differs: so neither late commits nor a clock that was wrong lose a change. A text that equals that of the generation is
not embedded again. The view is a separate immutable generation; requests that hold an older one keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

import numpy as np

from catalog.changes.record_changes import ChangePlace
from catalog.db import Database, Session
from catalog.demand import enterprises
from catalog.indexed import changes
from catalog.indexed import needs as indexed_needs
from catalog.indexed import patents as indexed_patents
from catalog.kit.days import beijing_day
from catalog.licences import licences
from index.arrays import Vectors
from index.engine import Filters
from index.files.manifest import Manifest
from index.generations.collection import Document, sentences_of
from index.generations.documents import need_document, patent_document, product_document
from index.generations.generation import Generation, GenerationStore
from index.generations.sides import Side
from index.live.overlay import Embedded, Recent, overlaid
from index.text import tokens
from index.text_encoder import TextEncoder
from index.vectors.sentences import SentenceIndex

_BLOCK = 32
_SECONDS_BETWEEN_VIEWS, _SECONDS_A_TURN = 2.0, 15.0
# Smallest and most urgent side first.
_ORDER = ("needs", "products", "patents")
# Small batches, so that a request that needs the model as well does not wait long.
_TEXTS_TOGETHER, _SENTENCES_TOGETHER = 8, 32

Encode = Callable[[Sequence[str]], Vectors]
Signature = tuple[ChangePlace | None, bool]
"""Place of the change, and whether there is an open licence."""


@dataclass(frozen=True, slots=True)
class FollowLimits:
    """The limits of following.

    At most `most` records overlay one side of a generation. `examined` changes are examined in a turn; the oldest that equal the
    base are skipped for good.
    """

    most: int = 5000
    examined: int = 20_000


@dataclass(frozen=True, slots=True)
class FollowState:
    """The state of the view: it holds everything committed by `as_of`, except the `left` changes.

    `recent` records overlay the generation, others are `waiting` for the next turn; `error` is what ended the last turn.
    """

    generation: str | None = None
    recent: int = 0
    waiting: int = 0
    left: int = 0
    as_of: datetime | None = None
    error: str = ""


LIMITS = FollowLimits()


class Follower:
    """Publishes the generation in use with the overlay of what has changed since; one instance serves many threads."""

    def __init__(
        self,
        database: Database,
        store: GenerationStore,
        encoder: TextEncoder,
        limits: FollowLimits = LIMITS,
        now: Callable[[], datetime] = partial(datetime.now, UTC),
    ) -> None:
        self._database, self._store, self._encoder, self._limits = database, store, encoder, limits
        self._now = now
        self._turn = Lock()
        self._sides: dict[str, _Side] = {}
        self.state = FollowState()

    def catch_up(
        self, most_new: int | None = None, is_stopped: Callable[[], bool] = lambda: False
    ) -> FollowState:
        """Add to the overlay what has changed since the last turn; at most `most_new` texts are embedded.

        One turn takes some seconds at most; what is `waiting` then needs another. Raises what the catalogue, the store or the
        model raise; the view before stays in use.
        """
        with self._turn:
            try:
                self._catch_up(self._limits.most if most_new is None else most_new, is_stopped)
            except Exception as error:
                self.state = replace(self.state, error=str(error) or type(error).__name__)
                raise
        return self.state

    def _catch_up(self, most_new: int, is_stopped: Callable[[], bool]) -> None:
        base, moment = self._store.current(), self._now()
        today = beijing_day(moment)
        if base is None or base.manifest.model.fingerprint != self._encoder.fingerprint:
            self._store.publish(base, base)
            self._sides, self.state = {}, FollowState()
            return
        if not self._sides or next(iter(self._sides.values())).generation is not base:
            indexed = [name for name in _ORDER if getattr(base, name) is not None]
            self._sides = {name: _Side(name, base, self._limits) for name in indexed}
            self._store.publish(base, base)
            self.state = FollowState(base.name)
        with self._database.read() as session:
            settled = changes.start(session)
            stale = [(side, id_) for side in self._sides.values() for id_ in side.survey(session, today)]
        started = published = monotonic()
        for at in range(0, len(stale), _BLOCK):
            if is_stopped():
                return
            if monotonic() - started > _SECONDS_A_TURN:
                self._publish(base, len(stale) - at, None)
                return
            block = stale[at : at + _BLOCK]
            for side in self._sides.values():
                ids = [id_ for owner, id_ in block if owner is side]
                most_new -= side.take(self._database, self._encoder, ids, most_new)
            if monotonic() - published > _SECONDS_BETWEEN_VIEWS:
                self._publish(base, len(stale) - at - len(block), None)
                published = monotonic()
        behind = sum(side.settle(settled) for side in self._sides.values())
        self._publish(base, behind, None if behind else moment)

    def _publish(self, base: Generation, waiting: int, as_of: datetime | None) -> None:
        left = 0 if waiting else sum(side.left for side in self._sides.values())
        count = sum(side.count for side in self._sides.values())
        is_changed = left or any(side.is_changed for side in self._sides.values())
        view = _with_sides(base, self._sides, left, self._store.latest()) if is_changed else base
        self._store.publish(base, view)
        self.state = FollowState(base.name, count, waiting, left, as_of or self.state.as_of)


class _Side:
    """The changes of the patents, the needs or the products of a generation."""

    def __init__(self, name: str, generation: Generation, limits: FollowLimits) -> None:
        self.generation, self._name, self._limits = generation, name, limits
        self._base: Side[Any] = getattr(generation, name)
        self._since = _place_of(generation.manifest)
        licensed = self._base.select(Filters(open_licence=True)) if name == "patents" else ()
        self._licensed = set(map(int, licensed))
        self._places: dict[int, ChangePlace] = {}
        self._signatures: dict[int, Signature] = {}
        # None: nothing that is indexed has changed.
        self._taken: dict[int, tuple[Signature, Recent | None]] = {}
        # Records of the base that are deleted, or no more indexed.
        self._absent: set[int] = set()
        self._beyond = 0
        self._view: Side[Any] | None = None

    @property
    def count(self) -> int:
        """The records of the overlay."""
        return sum(record is not None for _, record in self._taken.values()) + len(self._absent)

    @property
    def is_changed(self) -> bool:
        """Whether the overlay has any records."""
        return self.count > 0

    @property
    def left(self) -> int:
        """The changed records that are not in the overlay."""
        return self._beyond + sum(self._is_stale(id_) for id_ in self._signatures)

    def view(self) -> Side[Any]:
        """The base with the overlay applied."""
        if self._view is None:
            overlay = {id_: record for id_, (_, record) in self._taken.items() if record is not None}
            self._view = overlaid(self._base, overlay.values(), self._absent - overlay.keys())
        return self._view

    def survey(self, session: Session, today: date) -> list[int]:
        """Look up the changes, open licences as of `today`; returns the records to take, oldest change first."""
        if self._since is None:
            self._since = changes.start_at(session, self.generation.manifest.started_at)
        self._places = places = changes.changed(session, self._name, self._since, self._limits.examined)
        licensed = licences.licensed_ids(session, today) if self._name == "patents" else set[int]()
        differing = sorted(id_ for id_ in licensed ^ self._licensed if id_ in self._base)
        is_full = len(places) == self._limits.examined
        everything = changes.count_changed(session, self._name, self._since) if is_full else len(places)
        self._beyond = everything - len(places)
        self._signatures = {id_: (places.get(id_), id_ in licensed) for id_ in (*places, *differing)}
        undone = self._taken.keys() - self._signatures.keys()
        if undone:
            # Undone: the base is correct again.
            self._taken = {id_: known for id_, known in self._taken.items() if id_ not in undone}
            self._view = None
        if self._absent - self._signatures.keys():
            self._absent &= self._signatures.keys()
            self._view = None
        return [id_ for id_ in self._signatures if self._is_stale(id_)]

    def take(self, database: Database, encoder: TextEncoder, ids: Sequence[int], most_new: int) -> int:
        """Take these records as far as there is room; returns the number of texts embedded, at most `most_new`."""
        if not ids:
            return 0
        with database.read() as session:
            documents = {document.id: document for document in self._read(session, ids)}
        room = self._limits.most - self.count
        fresh: list[Document] = []
        for id_ in ids:
            document, known = documents.get(id_), self._taken.get(id_)
            if document is None:
                self._note(id_, None)
                continue
            record = self._as_in_base(document)
            is_more = record is not None and (known is None or known[1] is None)
            if is_more and room <= 0:
                continue
            room -= is_more
            if isinstance(record, Document):
                fresh.append(record)
            else:
                self._note(id_, record, present=True)
        for document, embedded in zip(fresh[:most_new], self._embed(encoder, fresh[:most_new]), strict=True):
            self._note(document.id, Recent(document.id, document.columns, embedded), present=True)
        return min(len(fresh), most_new)

    def settle(self, until: ChangePlace) -> int:
        """Skip the oldest changes, up to `until`, that changed nothing indexed.

        An import that ended just before the build leaves many of these. Returns how many more are to be examined after them,
        where all of the turn could be skipped.
        """
        for id_, place in self._places.items():
            if place > until or not self._is_as_in_base(id_):
                break
            self._since = place
        else:
            return self._beyond
        return 0

    def _is_as_in_base(self, id_: int) -> bool:
        known = self._taken.get(id_)
        return known is not None and known[1] is None and id_ not in self._absent and not self._is_stale(id_)

    def _is_stale(self, id_: int) -> bool:
        known = self._taken.get(id_)
        return known is None or known[0] != self._signatures[id_]

    def _note(self, id_: int, record: Recent | None, *, present: bool = False) -> None:
        self._taken[id_] = self._signatures[id_], record
        if present:
            self._absent.discard(id_)
        elif id_ in self._base:
            self._absent.add(id_)
        self._view = None

    def _as_in_base(self, document: Document) -> Document | Recent | None:
        """The document where its text is not that of the base; else its changed columns, if any have changed."""
        digests = self._base.digests(document.id)
        if digests is None:
            return document
        text, columns = (known == now for known, now in zip(digests, document.digests, strict=True))
        if not text:
            return document
        return None if columns else Recent(document.id, document.columns, None)

    def _read(self, session: Session, ids: Sequence[int]) -> Iterator[Document]:
        if self._name == "patents":
            licensed = {id_ for id_ in ids if self._signatures[id_][1]}
            return map(patent_document, indexed_patents.texts_of(session, ids, licensed))
        if self._name == "needs":
            return (need_document(need) for need in indexed_needs.texts_of(session, ids) if need.is_open)
        return map(product_document, enterprises.products_of(session, ids))

    def _embed(self, encoder: TextEncoder, documents: Sequence[Document]) -> list[Embedded]:
        texts = [document.text for document in documents]
        if self._name != "patents":
            vectors = _encoded(encoder.encode_queries, texts, _TEXTS_TOGETHER)
            return [
                Embedded.of(tokens(text), vector, None) for text, vector in zip(texts, vectors, strict=True)
            ]
        vectors = _encoded(encoder.encode_passages, texts, _TEXTS_TOGETHER)
        parts = [sentences_of(text) for text in texts]
        flat = [sentence for part in parts for sentence in part]
        rows = iter(_encoded(encoder.encode_passages, flat, _SENTENCES_TOGETHER))
        return [
            Embedded.of(
                tokens(text), vector, SentenceIndex.of(np.stack([next(rows) for _ in part]), [len(part)])
            )
            for text, vector, part in zip(texts, vectors, parts, strict=True)
        ]


def _place_of(manifest: Manifest) -> ChangePlace | None:
    """The place from which to follow a generation; None for one from before changes had places."""
    return ChangePlace.parse(manifest.changes) if manifest.changes else None


def _encoded(encode: Encode, texts: Sequence[str], together: int) -> list[Vectors]:
    """The vectors of the texts, embedded a few at a time, those of like length together."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    vectors: dict[int, Vectors] = {}
    for start in range(0, len(order), together):
        batch = order[start : start + together]
        vectors |= zip(batch, encode([texts[at] for at in batch]), strict=True)
    return [vectors[at] for at in range(len(texts))]


def _with_sides(
    base: Generation, sides: Mapping[str, _Side], left: int, before: Generation | None
) -> Generation:
    views: dict[str, Any] = {name: side.view() for name, side in sides.items()}
    if (
        before is not None
        and before.left == left
        and all(getattr(before, name) is view for name, view in views.items())
    ):
        return before  # with the values it has computed and kept
    return replace(base, left=left, **views)
