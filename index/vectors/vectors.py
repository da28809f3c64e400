"""Exact vector search: inner products of unit vectors in a mapped file.

Candidates are found in rounded rows stored beside the vectors: for a single query in the byte rows, for a batch of waiting
requests by one scan of the coarse rows; in the vectors where there are none, or too few candidates. Results are scored and
ordered by `index.vectors.exact`: a score never depends on the route, the filter, k or the other requests of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np

from index.arrays import Floats, Rows
from index.vectors.batch import Batcher
from index.vectors.byte_rows import ByteRows
from index.vectors.centring import Centring
from index.vectors.coarse import CoarseRows
from index.vectors.coarse_scan import Allowed, row_bits, scan
from index.vectors.exact import UNIT_TOLERANCE, best_first, check_shape, exact_products, exact_scores
from index.vectors.pair_product import Product, choose_product

# Candidates that FAISS fetches beyond k, so that a second scan is rare: of 135,000 rows, the one 64 places behind the 500th
# scores 4e-4 less, where single precision may err by 2e-5.
_MARGIN = 64
_MOST_TOGETHER = 32
_BLOCK = 1024

Found = tuple[Floats, Rows]


@dataclass(frozen=True, slots=True)
class Routes:
    """The route by which a query is searched.

    Fewer vectors than `fewest_rounded` have no rounded rows: FAISS is done before these are prepared for. The scans keep several
    times k and take long where there are not `least_per_result` candidates for each result. A query alone reads the byte rows of
    its candidates, the scan for several reads all coarse rows once: it pays from so many rows that would be read alone as
    `share_together` of all and `rows_together` (measured at 10,000 and at 135,000 rows, k = 264), where the product is rounded.
    """

    fewest_rounded: int = 4096
    least_per_result: int = 16
    share_together: float = 2.5
    rows_together: int = 6000
    product: Callable[[], Product] = choose_product


ROUTES = Routes()


@dataclass(frozen=True, slots=True)
class _Search:
    """A query that may be scanned for together with others: how many rows it gets, of which."""

    query: Floats
    k: int
    rows: Rows | None
    candidates: int


class VectorIndex:
    """Unit vectors of one generation, numbered by row, with their coarse and byte rows; None where there are none."""

    def __init__(
        self,
        index: faiss.IndexFlatIP,
        coarse: CoarseRows | None = None,
        byte_rows: ByteRows | None = None,
        routes: Routes = ROUTES,
    ) -> None:
        self._index, self._routes = index, routes
        self.coarse, self.byte_rows = coarse, byte_rows
        self.dimensions = int(index.d)
        self.vectors: Floats = _view(index)
        self._batcher: Batcher[_Search, Found] = Batcher(self._work, _MOST_TOGETHER)

    @classmethod
    def write(cls, path: Path, blocks: Iterable[Floats], dimensions: int, routes: Routes = ROUTES) -> int:
        """Write the vectors of all `blocks`, each (n, dimensions) and of unit length, to `path`, and their rounded rows beside it.

        Memory holds one block. Returns the number of vectors. Raises ValueError for a wrong shape, NaN, or a vector that is
        not of unit length.
        """
        # FAISS itself adds vectors in memory only. So its empty index file is written and the vectors appended; the
        # numbers of vectors and of floats are stored at the eighth byte and in the last eight.
        header = faiss.serialize_index(faiss.IndexFlatIP(dimensions)).tobytes()
        count = 0
        with path.open("wb") as file:
            file.write(header)
            for block in blocks:
                _check_unit(block, dimensions)
                file.write(np.ascontiguousarray(block).data)
                count += len(block)
            for place, number in ((8, count), (len(header) - 8, count * dimensions)):
                file.seek(place)
                file.write(number.to_bytes(8, "little"))
        written = cls.open(path)
        if len(written) != count:
            raise ValueError(f"FAISS reads {len(written)} of the {count} vectors in {path}")
        if count >= routes.fewest_rounded:
            basis = Centring.of(written.vectors)
            ByteRows.write(path, written.vectors, basis)
            if routes.product().is_rounded:
                CoarseRows.write(path, written.vectors, basis)
        return count

    @classmethod
    def of(cls, vectors: Floats) -> VectorIndex:
        """The vectors (n, dimensions) in memory."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        return cls(index)

    @classmethod
    def open(cls, path: Path, routes: Routes = ROUTES) -> VectorIndex:
        """Map the vectors in `path`; memory is shared between processes and read on demand.

        Raises ValueError when the file holds another kind of index, or the rounded rows beside it are of other vectors.
        """
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        if not isinstance(index, faiss.IndexFlatIP):
            raise ValueError(f"{path} holds no flat inner-product index")
        shape = int(index.ntotal), int(index.d)
        return cls(index, CoarseRows.open(path, *shape), ByteRows.open(path, *shape), routes)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self, rows: Rows) -> Floats:
        """The vectors of `rows`, shape (n, dimensions), in their order."""
        vectors: Floats = self.vectors[rows]
        return vectors

    def scores(self, query: Floats, rows: Rows) -> Floats:
        """Inner products of `query` (dimensions,) with the vectors of `rows`, in their order."""
        return exact_products(self.vectors[rows], query)

    def search(self, queries: Floats, k: int, rows: Rows | None = None) -> Found:
        """The best k' = min(k, candidates) rows of each query by (-score, row): scores (q, k') and rows (q, k').

        `rows` (sorted, distinct) restricts the candidates; None means all. Exact. Single queries of several threads are
        scanned for together. Raises ValueError for a wrong shape, NaN or infinity in a query, or k below 1.
        """
        check_shape(queries, self.dimensions)
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        candidates = len(self) if rows is None else len(rows)
        found, queries = min(k, candidates), np.ascontiguousarray(queries)
        if found == 0 or len(queries) == 0:
            return np.empty((len(queries), found), np.float32), np.empty((len(queries), found), np.int64)
        if self.byte_rows is None or found * self._routes.least_per_result > candidates:
            return self._by_faiss(queries, found, rows)
        searches = [_Search(query, found, rows, candidates) for query in queries]
        # Queries that are cheaper alone than in any shared scan do not wait for one.
        if not self._pays_together(candidates * max(len(queries), _MOST_TOGETHER)):
            return _stacked([self._alone(one) for one in searches])
        if len(searches) == 1:
            scores, best = self._batcher(searches[0])
            return scores[None], best[None]
        return _stacked(
            [
                found
                for at in range(0, len(searches), _BLOCK)
                for found in self._work(searches[at : at + _BLOCK])
            ]
        )

    def _pays_together(self, rows_to_read: int) -> bool:
        routes = self._routes
        scans = self.coarse is not None and routes.product().is_rounded
        return scans and rows_to_read > routes.share_together * len(self) + routes.rows_together

    def _work(self, searches: list[_Search]) -> list[Found]:
        """The best rows of each of the queries, by the faster way for all of them."""
        if self.coarse is None or not self._pays_together(sum(one.candidates for one in searches)):
            return [self._alone(one) for one in searches]
        queries = np.stack([one.query for one in searches])
        wanted = np.array([one.k for one in searches], np.int32)
        scores, rows, sound = scan(self.coarse, self.vectors, queries, wanted, self._filters(searches))
        return [
            (query_scores[: one.k], query_rows[: one.k]) if is_sound else self._alone(one)
            for one, query_scores, query_rows, is_sound in zip(searches, scores, rows, sound, strict=True)
        ]

    def _filters(self, searches: list[_Search]) -> Allowed:
        """The filters of all queries; one that several have in common is kept once."""
        places = {id(one.rows): one.rows for one in searches if one.rows is not None}
        if not places:
            return Allowed.everything(len(searches))
        numbers = {place: at for at, place in enumerate(places)}
        of = np.array([-1 if one.rows is None else numbers[id(one.rows)] for one in searches], np.int32)
        return Allowed(np.stack([row_bits(rows, len(self)) for rows in places.values()]), of)

    def _alone(self, search: _Search) -> Found:
        if self.byte_rows is None:
            raise ValueError("no byte rows to scan")
        return self._best(
            search.query, self.byte_rows.candidates(search.query, search.k, search.rows), search.k
        )

    def _by_faiss(self, queries: Floats, k: int, rows: Rows | None) -> Found:
        candidates = len(self) if rows is None else len(rows)
        depth = min(k + _MARGIN, candidates)
        # FAISS sums in single precision: its scores may be off by this much for unit vectors (Higham, 2002, 3.1).
        slack = self.dimensions * 2.0**-24 * np.linalg.norm(queries, axis=1) * (1 + UNIT_TOLERANCE)
        rough, near = self._scan(queries, depth, rows)
        results = []
        for query, last, query_rows, query_slack in zip(queries, rough[:, -1], near, slack, strict=True):
            result = self._best(query, query_rows, k)
            # A row that was not fetched could be among the best: look further, for this query alone.
            reach = depth
            while reach < candidates and last + query_slack >= result[0][-1]:
                reach = min(reach * 4, candidates)
                further, wider = self._scan(query[None], reach, rows)
                last, result = further[0, -1], self._best(query, wider[0], k)
            results.append(result)
        return _stacked(results)

    def _scan(self, queries: Floats, depth: int, rows: Rows | None) -> Found:
        parameters = None
        if rows is not None:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorArray(rows))  # type: ignore[call-arg]
        scores, found = self._index.search(queries, depth, params=parameters)
        return scores, found

    def _best(self, query: Floats, rows: Rows, k: int) -> Found:
        counts = np.array([len(rows)], np.int32)
        scores = exact_scores(self.vectors, query[None], rows[None], counts)
        best_scores, best = best_first(scores, rows[None], counts, k)
        return best_scores[0], best[0]


def _stacked(results: list[Found]) -> Found:
    return np.stack([scores for scores, _ in results]), np.stack([rows for _, rows in results])


def _check_unit(block: Floats, dimensions: int) -> None:
    check_shape(block, dimensions)
    norms = np.linalg.norm(block, axis=1)
    if not np.all(np.abs(norms - 1) <= UNIT_TOLERANCE):
        raise ValueError(f"vectors are not of unit length: norms from {norms.min()} to {norms.max()}")


def _view(index: faiss.IndexFlatIP) -> Floats:
    """The vectors as FAISS maps them, read-only; the array keeps the index, and so the mapping, alive."""
    shape = (int(index.ntotal), int(index.d))
    if shape[0] == 0:
        return np.empty(shape, np.float32)
    view = faiss.rev_swig_ptr(index.get_xb(), shape[0] * shape[1]).reshape(shape)
    view.flags.writeable = False
    held: Floats = np.asarray(SimpleNamespace(index=index, __array_interface__=view.__array_interface__))
    return held
