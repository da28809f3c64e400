"""A few records in a fresh catalogue and a deterministic stand-in for the model, for tests of the build alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.db import Database, sqlite_url
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.kit.base import ClassRef
from catalog.kit.terms import HolderKind, NeedStatus, PatentKind
from catalog.registers import patents as patent_register
from catalog.segments import segments
from catalog.supply.holders import HolderRef
from catalog.supply.patents import PatentCreate
from index.text_encoder import Precision

DIMENSIONS = 32


@dataclass
class HashEncoder:
    """Unit vectors from the hash of a text; `encoded` lists the encoded texts."""

    name: str = "hash"
    dimensions: int = DIMENSIONS
    fingerprint: str = "0123456789abcdef"
    precision: Precision = field(default_factory=lambda: Precision("float32", "测试"))
    encoded: list[str] = field(default_factory=list)

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encode("query", texts)

    def encode_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._encode("passage", texts)

    def _encode(self, kind: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded.extend(texts)
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(sha256(f"{kind}{text}".encode()).digest()[:8], "little")
            vector = np.random.default_rng(seed).standard_normal(self.dimensions)
            vectors[row] = vector / np.linalg.norm(vector)
        return vectors


def patent(number: int) -> PatentCreate:
    return PatentCreate(
        application_number=f"20201990{number:04d}.0",
        title=f"第{number}种锂电池",
        abstract="一种锂电池，包括隔膜和极片。",
        first_claim="1. 一种锂电池，其特征在于，隔膜涂覆陶瓷。",
        kind=PatentKind.INVENTION,
        filing_date=date(2020, 1, 1),
        grant_date=date(2022, 1, 1),
        prefecture="420100",
        holders=[HolderRef(name="示例大学", kind=HolderKind.UNIVERSITY)],
        classes=[
            ClassRef(scheme="ipc", code="H01M10/0525"),
            ClassRef(scheme="segment", code="HB01"),
            ClassRef(scheme="industry", code="384"),
        ],
    )


def make_catalogue(folder: Path, patents: int = 3) -> Database:
    """A catalogue with some patents, an open need and a closed one, and a segment catalogue in use."""
    database = Database(sqlite_url(folder / "catalog.db"))
    database.upgrade()
    with database.write() as session:
        segments.store(
            session,
            segments.CatalogueEntry(
                version="T-1",
                title="测试目录",
                valid_from=date(2024, 1, 1),
                segments=[segments.SegmentEntry(code="HB01", name="光电子信息")],
            ),
        )
    add_patents(database, range(patents))
    with database.write() as session:
        for title, status in (("求隔膜", NeedStatus.OPEN), ("求极片", NeedStatus.CLOSED)):
            needs.create(session, NeedCreate(title=title, text=f"{title}涂覆技术", status=status))
    return database


def add_patents(database: Database, numbers: range) -> None:
    with database.write() as session:
        patent_register.upsert(session, [patent(number) for number in numbers])
