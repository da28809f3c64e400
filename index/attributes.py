"""The attributes of the documents of a collection that factors (对接因素) use, as arrays by row.

Filters look up rows by code, in posting lists; factors look up codes by row. The arrays are made once per collection from its
columns and stay in memory, a few bytes per row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.kit.terms import HolderKind
from index.arrays import Rows

Marks = NDArray[np.uint64]
Postings = Mapping[str, Mapping[str, NDArray[Any]]]
"""The rows under each code, by field of `Filters`."""

NOT_DORMANT = 254
"""In the place of a potential: in use, or no longer in force."""
UNKNOWN_DORMANCY = 255
HOLDER_KINDS = tuple(kind.value for kind in HolderKind)
_NO_KIND = HOLDER_KINDS.index(HolderKind.UNKNOWN)
_BITS = 64


@dataclass(frozen=True, slots=True)
class DocumentAttributes:
    """The attributes of one document in words: codes of segments, the nearest known region, kind of the first holder."""

    segments: list[str]
    region: str | None
    kind: HolderKind
    open_licence: bool
    last_day: date | None
    dormancy: int


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of n documents.

    `segments` (n, words) has bit b of word w for `segment_codes[64 w + b]`; `province` and `prefecture` are codes of GB/T
    2260 as numbers, 0 where unknown; `holder_kind` counts in HOLDER_KINDS; `last_day` is the ordinal of the last day in force,
    below 1 where unknown; `dormancy` is the potential (0-100) of a dormant patent, NOT_DORMANT or UNKNOWN_DORMANCY.
    `knows_dormancy` is false where a generation is from before dormancy was indexed.
    """

    segment_codes: tuple[str, ...]
    segments: Marks
    province: NDArray[np.int32]
    prefecture: NDArray[np.int32]
    holder_kind: NDArray[np.uint8]
    open_licence: NDArray[np.uint8]
    last_day: NDArray[np.int32]
    dormancy: NDArray[np.uint8]
    knows_dormancy: bool = True

    @classmethod
    def of(
        cls,
        postings: Postings,
        open_licence: NDArray[np.uint8],
        last_day: NDArray[np.int32],
        dormancy: NDArray[np.uint8] | None,
    ) -> Attributes:
        """The attributes of the documents that have these columns, each in the order of rows."""
        count = len(open_licence)
        codes = tuple(sorted(postings["segment"]))
        province, prefecture = np.zeros(count, np.int32), np.zeros(count, np.int32)
        for code, rows in postings["region"].items():
            if code.isascii() and code.isdigit():
                (province if code.endswith("0000") else prefecture)[rows] = int(code)
        kinds = np.full(count, _NO_KIND, np.uint8)
        for kind, rows in postings["holder_kind"].items():
            if kind in HOLDER_KINDS:
                kinds[rows] = HOLDER_KINDS.index(kind)
        return cls(
            codes,
            _marked(count, codes, postings["segment"]),
            province,
            prefecture,
            kinds,
            open_licence,
            last_day,
            np.full(count, UNKNOWN_DORMANCY, np.uint8) if dormancy is None else dormancy,
            dormancy is not None,
        )

    @classmethod
    def of_one(cls, segments: Sequence[str] = (), regions: Sequence[str] = ()) -> Attributes:
        """The attributes of one document of which only segments and regions are known."""
        row = np.zeros(1, np.int64)
        postings: Postings = {
            "segment": dict.fromkeys(segments, row),
            "region": dict.fromkeys(regions, row),
            "holder_kind": {},
        }
        return cls.of(
            postings, np.zeros(1, np.uint8), np.zeros(1, np.int32), np.full(1, UNKNOWN_DORMANCY, np.uint8)
        )

    @classmethod
    def joined(cls, parts: Sequence[Attributes]) -> Attributes:
        """The attributes of several collections, one after the other."""
        codes = tuple(sorted({code for part in parts for code in part.segment_codes}))
        flat = ("province", "prefecture", "holder_kind", "open_licence", "last_day", "dormancy")
        return cls(
            codes,
            np.concatenate([part.segments_among(codes) for part in parts]),
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in flat},
            knows_dormancy=all(part.knows_dormancy for part in parts),
        )

    def __len__(self) -> int:
        return len(self.open_licence)

    def at(self, rows: Rows) -> Attributes:
        """The attributes of `rows`, in their order."""
        return Attributes(
            self.segment_codes,
            self.segments[rows],
            self.province[rows],
            self.prefecture[rows],
            self.holder_kind[rows],
            self.open_licence[rows],
            self.last_day[rows],
            self.dormancy[rows],
            self.knows_dormancy,
        )

    def coded(self, codes: tuple[str, ...]) -> Attributes:
        """The same, segments by other `codes`."""
        return replace(self, segment_codes=codes, segments=self.segments_among(codes))

    def segments_among(self, codes: tuple[str, ...]) -> Marks:
        """The segments with the bits in the order of other `codes`; those that are not among these are left out."""
        if codes == self.segment_codes:
            return self.segments
        return _marked(
            len(self), codes, {code: self._having(at) for at, code in enumerate(self.segment_codes)}
        )

    def by_document(self) -> list[DocumentAttributes]:
        """Each document in words."""
        return [
            DocumentAttributes(
                self.segments_of(row),
                self.region_of(row),
                self.kind_of(row),
                bool(self.open_licence[row]),
                self.last_day_of(row),
                int(self.dormancy[row]),
            )
            for row in range(len(self))
        ]

    def segments_of(self, row: int) -> list[str]:
        """The codes of the segments of a row."""
        return [code for at, code in enumerate(self.segment_codes) if _bit(self.segments[row], at)]

    def region_of(self, row: int) -> str | None:
        """The code of the prefecture of a row or, without one, of its province."""
        number = int(self.prefecture[row]) or int(self.province[row])
        return str(number) if number else None

    def kind_of(self, row: int) -> HolderKind:
        """The kind of the first holder of a row."""
        return HolderKind(HOLDER_KINDS[self.holder_kind[row]])

    def last_day_of(self, row: int) -> date | None:
        """The last day in force of a row."""
        ordinal = int(self.last_day[row])
        return date.fromordinal(ordinal) if ordinal > 0 else None

    def _having(self, at: int) -> Rows:
        word, bit = divmod(at, _BITS)
        rows: Rows = np.flatnonzero(self.segments[:, word] & np.uint64(1 << bit))
        return rows


def _marked(count: int, codes: tuple[str, ...], rows_of: Mapping[str, NDArray[Any]]) -> Marks:
    marks = np.zeros((count, max(1, -(-len(codes) // _BITS))), np.uint64)
    for at, code in enumerate(codes):
        if (rows := rows_of.get(code)) is not None:
            word, bit = divmod(at, _BITS)
            marks[rows, word] |= np.uint64(1 << bit)
    return marks


def _bit(marks: Marks, at: int) -> bool:
    word, bit = divmod(at, _BITS)
    return bool(int(marks[word]) >> bit & 1)
