"""A collection: the documents of one side, patents or needs, of one generation, with all that is searched in them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar
from unicodedata import unidata_version

import numpy as np
from numpy.typing import NDArray

import index.text
import index.vectors.sentences
import index.words.bm25
from catalog.kit.progress import Progress
from index.generations.columns import Columns, ColumnValues
from index.mapped import mapped
from index.text import sentences, tokens
from index.vectors.sentences import KnownSentences, SentenceIndex
from index.vectors.vectors import VectorIndex
from index.words.known_tokens import KnownTokens
from index.words.postings import LexicalIndex
from index.words.writing import write_index

Encode = Callable[[Sequence[str]], Iterable[NDArray[np.float32]]]
"""From texts to unit vectors (n, dimensions) in their order, in blocks."""

_IDS, _VECTORS, _LEXICAL, _COLUMNS = "ids.npy", "vectors.faiss", "lexical", "columns"
_SENTENCES, _MEAN, _DIGESTS = "sentences", "mean.npy", "digests.npy"


@dataclass(frozen=True, slots=True)
class Document:
    """The indexed data of a record: its id in the catalogue, its text and its filter values."""

    id: int
    text: str
    columns: ColumnValues

    @property
    def digests(self) -> tuple[int, int]:
        """Digests of the text and of the columns, 64 bits each."""
        return _digest(self.text), _digest(repr(self.columns))


@dataclass(frozen=True, slots=True)
class Collection:
    """Row r of all parts belongs to the record `ids[r]`; ids ascend.

    `mean` (dimensions,) is that of all vectors, zero where there are none. `sentences` is for documents that are also
    searched sentence by sentence; a collection of needs has none. `digests` (n, 2) are those of the documents; None in a
    collection from before they were kept.
    """

    ids: NDArray[np.int64]
    vectors: VectorIndex
    lexical: LexicalIndex
    columns: Columns
    mean: NDArray[np.float32]
    sentences: SentenceIndex | None
    digests: NDArray[np.uint64] | None = None

    @classmethod
    def build(
        cls,
        folder: Path,
        documents: Iterable[Document],
        dimensions: int,
        encode: Encode,
        encode_sentences: Encode | None = None,
        *,
        before: Collection | None = None,
        progress: Progress | None = None,
    ) -> Collection:
        """Write the collection of `documents`, ids ascending, into the new `folder` and open it.

        `encode` takes all texts at once; documents have been read to the end before. `encode_sentences` takes the sentences
        of texts (`sentences_of`), where the collection is to have them. Sentences and tokens of documents whose text is that of
        `before`, a collection by the same model and rules, come from there. `progress` follows the lexical index. Raises
        ValueError when ids do not ascend.
        """
        folder.mkdir(parents=True)
        ids, texts, digests = array("q"), list[str](), array("Q")

        def columns() -> Iterator[ColumnValues]:
            for document in documents:
                if ids and document.id <= ids[-1]:
                    raise ValueError(f"ids must ascend: {document.id} after {ids[-1]}")
                ids.append(document.id)
                texts.append(document.text)
                digests.extend(document.digests)
                yield document.columns

        Columns.write(folder / _COLUMNS, columns())
        np.save(folder / _IDS, np.frombuffer(ids, np.int64) if ids else np.empty(0, np.int64))
        by_document = np.array(digests, np.uint64).reshape(len(ids), 2)
        np.save(folder / _DIGESTS, by_document)
        count = VectorIndex.write(folder / _VECTORS, encode(texts), dimensions)
        if count != len(ids):
            raise ValueError(f"{count} vectors for {len(ids)} documents")
        np.save(folder / _MEAN, _mean(VectorIndex.open(folder / _VECTORS)))
        known = _Known.of(before, np.load(folder / _IDS), by_document[:, 0])
        if encode_sentences:
            known.write_sentences(folder / _SENTENCES, texts, encode_sentences, dimensions)
        known.write_words(folder, texts, progress)
        return cls.open(folder)

    @classmethod
    def with_columns(cls, folder: Path, documents: Iterable[Document]) -> Collection:
        """Rewrite the columns of these documents in the collection in `folder`, and open it; texts are unchanged.

        Documents that the collection does not hold are ignored.
        """
        ids, digests = mapped(folder / _IDS), np.load(folder / _DIGESTS)
        values: dict[int, ColumnValues] = {}
        for document in documents:
            row = int(np.searchsorted(ids, document.id))
            if row < len(ids) and ids[row] == document.id:
                values[row], digests[row, 1] = document.columns, document.digests[1]
        Columns.patch(folder / _COLUMNS, values)
        (folder / _DIGESTS).unlink()  # readers that have mapped the old files keep them
        np.save(folder / _DIGESTS, digests)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> Collection:
        """Map the collection in `folder`."""
        return cls(
            mapped(folder / _IDS),
            VectorIndex.open(folder / _VECTORS),
            LexicalIndex.open(folder / _LEXICAL),
            Columns.open(folder / _COLUMNS),
            mapped(folder / _MEAN),
            SentenceIndex.open(folder / _SENTENCES) if (folder / _SENTENCES).is_dir() else None,
            mapped(folder / _DIGESTS) if (folder / _DIGESTS).is_file() else None,
        )

    def only(self, rows: NDArray[np.int64]) -> Collection:
        """Some rows, ascending, in memory, weighed as here; without their columns."""
        return Collection(
            self.ids[rows],
            VectorIndex.of(self.vectors.rows(rows)),
            self.lexical.only(rows),
            Columns.of(ColumnValues() for _ in rows),
            self.mean,
            self.sentences.only(rows) if self.sentences is not None else None,
        )

    def __len__(self) -> int:
        return len(self.ids)


TEXT_RULES = (index.text, index.words.bm25, index.vectors.sentences)
"""The modules that make tokens, their keys and weights, sentences and their codes."""


@cache
def text_rules() -> str:
    """Changes with the code that makes tokens, sentences and their codes: the output of other code is not reused."""
    digest = blake2b(f"{unidata_version} {version('opencc')}".encode(), digest_size=16)
    for module in TEXT_RULES:
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def sentences_of(text: str) -> list[str]:
    """The sentences of a document's text as a collection holds them; a text without any counts as one."""
    return [sentence.text for sentence in sentences(text)] or [text]


def _digest(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _mean(vectors: VectorIndex) -> NDArray[np.float32]:
    if len(vectors) == 0:
        return np.zeros(vectors.dimensions, np.float32)
    mean: NDArray[np.float32] = vectors.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


@dataclass(frozen=True, slots=True)
class _Known:
    """The documents whose text is that of the collection `before`: their rows there, or -1."""

    before: Collection | None
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, before: Collection | None, ids: NDArray[np.int64], texts: NDArray[np.uint64]) -> _Known:
        """Find the documents with these ids and digests of texts."""
        if before is None or before.digests is None or len(before) == 0:
            return cls(None, np.full(len(ids), -1, np.int64))
        rows = np.minimum(np.searchsorted(before.ids, ids), len(before) - 1)
        same = (before.ids[rows] == ids) & (before.digests[rows, 0] == texts)
        return cls(before, np.where(same, rows, -1))

    def write_sentences(self, folder: Path, texts: Sequence[str], encode: Encode, dimensions: int) -> None:
        """Write the sentences of all documents into the new `folder`."""
        earlier = self.before.sentences if self.before else None
        known = KnownSentences(earlier, self.rows) if earlier is not None else None
        parts = [
            None if known and row >= 0 else sentences_of(text)
            for text, row in zip(texts, self.rows.tolist(), strict=True)
        ]
        counts = [
            known.count(document) if part is None and known else len(part or ())
            for document, part in enumerate(parts)
        ]
        blocks = encode([sentence for part in parts if part is not None for sentence in part])
        SentenceIndex.write(folder, blocks, counts, dimensions, known)

    def write_words(self, folder: Path, texts: Sequence[str], progress: Progress | None) -> None:
        """Write the lexical index of all documents in the collection in `folder`."""
        if self.before is None:
            write_index(folder / _LEXICAL, _followed(map(tokens, texts), len(texts), progress))
            return
        known = KnownTokens(self.before.lexical, folder)
        usable = np.where((self.rows >= 0) & known.sure[self.rows], self.rows, -1).tolist()
        words = (row if row >= 0 else tokens(text) for text, row in zip(texts, usable, strict=True))
        write_index(folder / _LEXICAL, _followed(words, len(texts), progress), known)


Words = TypeVar("Words")


def _followed(documents: Iterable[Words], total: int, progress: Progress | None) -> Iterator[Words]:
    for done, document in enumerate(documents, 1):
        yield document
        if progress and (done % 500 == 0 or done == total):
            progress(done, total)
