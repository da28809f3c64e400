"""A collection: the documents of one side, patents or needs, of one generation, with all that is searched in them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.columns import Columns, ColumnValues
from index.lexical import LexicalIndex
from index.mapped import mapped
from index.text import tokens
from index.vectors import VectorIndex

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Progress = Callable[[int, int], None]

_IDS, _VECTORS, _LEXICAL, _COLUMNS = "ids.npy", "vectors.faiss", "lexical", "columns"


@dataclass(frozen=True, slots=True)
class Document:
    """What is indexed of a record: its id in the catalogue, its text, and what filters ask of it."""

    id: int
    text: str
    columns: ColumnValues


@dataclass(frozen=True, slots=True)
class Collection:
    """Row r of all parts belongs to the record `ids[r]`; ids ascend, so ties by row are ties by id."""

    ids: NDArray[np.int64]
    vectors: VectorIndex
    lexical: LexicalIndex
    columns: Columns

    @classmethod
    def build(
        cls,
        folder: Path,
        documents: Iterable[Document],
        encode: Encode,
        *,
        progress: Progress | None = None,
    ) -> Collection:
        """Write the collection of `documents`, ids ascending, into the new `folder` and open it.

        `encode` turns all texts at once into unit vectors (n, dimensions); documents have been read to the end before.
        `progress` follows the lexical index. Raises ValueError when ids do not ascend.
        """
        folder.mkdir(parents=True)
        ids, texts = array("q"), list[str]()

        def columns() -> Iterator[ColumnValues]:
            for document in documents:
                if ids and document.id <= ids[-1]:
                    raise ValueError(f"ids must ascend: {document.id} after {ids[-1]}")
                ids.append(document.id)
                texts.append(document.text)
                yield document.columns

        Columns.write(folder / _COLUMNS, columns())
        np.save(folder / _IDS, np.frombuffer(ids, np.int64) if ids else np.empty(0, np.int64))
        vectors = encode(texts)
        if len(vectors) != len(ids):
            raise ValueError(f"{len(vectors)} vectors for {len(ids)} documents")
        VectorIndex.write(folder / _VECTORS, [vectors], vectors.shape[1])
        LexicalIndex.write(folder / _LEXICAL, _followed(texts, progress))
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Collection:
        """Map the collection in `folder`."""
        return cls(
            mapped(folder / _IDS),
            VectorIndex.open(folder / _VECTORS),
            LexicalIndex.open(folder / _LEXICAL),
            Columns.open(folder / _COLUMNS),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def row_of(self, record_id: int) -> int | None:
        """The row of a record, None when it is not in this collection."""
        row = int(np.searchsorted(self.ids, record_id))
        return row if row < len(self.ids) and self.ids[row] == record_id else None


def _followed(texts: Sequence[str], progress: Progress | None) -> Iterator[list[str]]:
    for done, text in enumerate(texts, 1):
        yield tokens(text)
        if progress and (done % 500 == 0 or done == len(texts)):
            progress(done, len(texts))
