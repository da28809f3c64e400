"""From IPC symbols and stated industries to GB/T 4754 industries and segments (产业细分领域), with weights.

The rule: every IPC symbol counts once, the first (main) one twice. The share of a symbol goes to the GB/T 4754 groups
of its subclass in the unofficial concordance, in proportion to 1/rank, and to the segments that list its subclass, in
equal parts. Shares below 5 % are dropped and the rest scaled to 1. What rests on IPC has the basis `ipc` (shown as
推断), the segments of a stated industry `industry` (推断 too: the table behind them is unofficial), what the record states
itself `official`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache

from catalog.kit.base import ClassRef
from catalog.reference import lists as reference
from catalog.segments.segments import Segment

NO_SEGMENT = "产业细分领域不在产业目录中，已略去"
SMALLEST_SHARE = 0.05
MOST_CLASSES = 8
# Lists that are kept in memory for the next record of the same subclasses, and single classes, of which they are made.
KEPT = 16_384
KEPT_CLASSES = 65_536

Counts = tuple[tuple[str, float], ...]


class Classifier:
    """Classifies by one version of the segment catalogue."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._of_subclass: dict[str, list[str]] = defaultdict(list)
        self._industries = [(segment.code, tuple(segment.industry_codes)) for segment in segments]
        self._codes: dict[str, str] = {}
        # Registers repeat the same few subclasses.
        self._inferred = lru_cache(maxsize=KEPT)(self._from_ipc)
        for segment in segments:
            self._codes[segment.code] = segment.code
            self._codes[segment.name] = segment.code
            for subclass in segment.ipc_subclasses:
                self._of_subclass[subclass].append(segment.code)

    @property
    def fingerprint(self) -> str:
        """Equal for classifiers that answer alike."""
        known = (sorted(self._of_subclass.items()), self._industries, sorted(self._codes.items()))
        return hashlib.sha256(repr(known).encode()).hexdigest()

    def segment_code(self, stated: str) -> str | None:
        """Code of a segment named by code or name, None when this catalogue has none."""
        return self._codes.get(stated)

    def classify(
        self, ipcs: Sequence[str], industries: Sequence[str] = (), segments: Sequence[str] = ()
    ) -> list[ClassRef]:
        """Industries and segments of a record; weights add up to 1 within each scheme.

        `ipcs` are canonical symbols, main one first; `industries` and `segments` are stated codes and go before what
        IPC says.
        """
        counts = _subclass_counts(ipcs)
        return [*_industry_refs(counts, industries), *self._segments(counts, industries, segments)]

    def segments(
        self, ipcs: Sequence[str], industries: Sequence[str] = (), stated: Sequence[str] = ()
    ) -> Sequence[ClassRef]:
        """The segments alone, as `classify` gives them."""
        return self._segments(_subclass_counts(ipcs), industries, stated)

    def _segments(
        self, counts: Counts, industries: Sequence[str], stated: Sequence[str]
    ) -> Sequence[ClassRef]:
        if stated:
            return _refs("segment", dict.fromkeys(stated, 1.0), "official")
        by_industry = industries and [
            code
            for code, prefixes in self._industries
            if any(industry.startswith(prefixes) for industry in industries if prefixes)
        ]
        if by_industry:
            return _refs("segment", dict.fromkeys(by_industry, 1.0), "industry")
        return self._inferred(counts)

    def _from_ipc(self, counts: Counts) -> list[ClassRef]:
        segments: dict[str, float] = defaultdict(float)
        for subclass, count in counts:
            codes = self._of_subclass.get(subclass, [])
            for code in codes:
                segments[code] += count / len(codes)
        return _refs("segment", segments, "ipc")


def _industry_refs(counts: Counts, stated: Sequence[str]) -> Sequence[ClassRef]:
    if stated:
        return _refs("industry", dict.fromkeys(stated, 1.0), "official")
    return _industries_from_ipc(counts)


@lru_cache(maxsize=KEPT)
def _industries_from_ipc(counts: Counts) -> list[ClassRef]:
    industries: dict[str, float] = defaultdict(float)
    for counted in counts:
        for industry, share in _industries_of(counted):
            industries[industry] += share
    return _refs("industry", industries, "ipc")


@lru_cache(maxsize=KEPT)
def _industries_of(counted: tuple[str, float]) -> list[tuple[str, float]]:
    """The industries of a subclass with their shares of what it counts."""
    subclass, count = counted
    groups = reference.industries_of_ipc().get(subclass, [])
    total = sum(1 / group.rank for group in groups)
    return [(group.industry, count / group.rank / total) for group in groups]


def ipc_refs(ipcs: Sequence[str]) -> list[ClassRef]:
    """The symbols themselves as classes, main one first and counted twice."""
    distinct = list(dict.fromkeys(ipcs))
    weights = _weights_of_symbols(len(distinct))
    return [_ref("ipc", symbol, weight, "official") for symbol, weight in zip(distinct, weights, strict=True)]


@cache
def _weights_of_symbols(count: int) -> list[float]:
    return _weights([2.0, *[1.0] * (count - 1)][:count])


def _subclass_counts(ipcs: Sequence[str]) -> Counts:
    counts: dict[str, float] = defaultdict(float)
    for place, symbol in enumerate(dict.fromkeys(ipcs)):
        counts[symbol[:4]] += 2.0 if place == 0 else 1.0
    return tuple(counts.items())


def _refs(scheme: str, shares: dict[str, float], basis: str) -> list[ClassRef]:
    """The largest shares, scaled to 1; equal shares in the order of their codes where they are inferred."""
    codes = sorted(shares) if basis != "official" else list(shares)
    if basis != "official":
        codes.sort(key=shares.__getitem__, reverse=True)  # which leaves equal ones in their order
    total = sum([shares[code] for code in codes])
    largest = [code for code in codes if shares[code] / total >= SMALLEST_SHARE][:MOST_CLASSES]
    weights = _weights([shares[code] for code in largest])
    return [_ref(scheme, code, weight, basis) for code, weight in zip(largest, weights, strict=True)]


def _weights(shares: list[float]) -> list[float]:
    """The shares scaled to 1."""
    total = sum(shares)
    weights = [round(share / total, 4) for share in shares]
    if weights:
        weights[0] = round(weights[0] + 1 - sum(weights), 4)
    return weights


@lru_cache(maxsize=KEPT_CLASSES)
def _ref(scheme: str, code: str, weight: float, basis: str) -> ClassRef:
    """A class; the same few come again and again, and nobody changes them."""
    return ClassRef(scheme=scheme, code=code, weight=weight, basis=basis)
