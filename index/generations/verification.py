"""Verification of a generation, before it is put in use and on request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.files.checksums import read_manifest
from index.files.damage import damaged
from index.files.manifest import FileFacts, Manifest
from index.generations.collection import Collection
from index.vectors.exact import UNIT_TOLERANCE

SIDES = {"patents": "专利", "needs": "需求", "products": "企业产品"}
_SAMPLE = 64
_BLOCK = 65_536
_DEPTH = 10
_SHOWN = 5


def verify(folder: Path) -> Manifest:
    """Check the generation in `folder`: files, counts, unit vectors, and that each of a sample of vectors finds itself.

    Returns its manifest. Raises GenerationDamaged naming the first problems found.
    """
    manifest = read_manifest(folder)
    # What does not have the right bytes is not worth opening.
    problems = list(_file_problems(folder, manifest)) or list(_content_problems(folder, manifest))
    if problems:
        more = f"等 {len(problems)} 处" if len(problems) > _SHOWN else ""
        raise damaged(manifest.name, "；".join(problems[:_SHOWN]) + more)
    return manifest


def _file_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    for name, facts in manifest.files.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} 缺失"
        elif FileFacts.of(path) != facts:
            yield f"{name} 校验值不符"


def _content_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    for side, label in SIDES.items():
        count = getattr(manifest, side)
        if count is None:
            continue
        try:
            collection = Collection.open(folder / side)
        except Exception as error:  # whatever a reader makes of files that nobody wrote
            yield f"{label}索引无法打开（{error}）"
            continue
        for problem in _collection_problems(collection, count, manifest.model.dimensions):
            yield f"{label}{problem}"


def _collection_problems(collection: Collection, count: int, dimensions: int) -> Iterator[str]:
    parts = {
        "编号": len(collection.ids),
        "向量": len(collection.vectors),
        "词汇索引": collection.lexical.documents,
        "筛选列": len(collection.columns),
    }
    if collection.sentences is not None:
        parts["句子"] = len(collection.sentences)
    wrong = [f"{part} {found} 条" for part, found in parts.items() if found != count]
    if wrong:
        yield f"数量应为 {count}，而{'、'.join(wrong)}"
        return
    if np.any(np.diff(collection.ids) <= 0):
        yield "编号没有递增"
    if collection.vectors.dimensions != dimensions:
        yield f"向量为 {collection.vectors.dimensions} 维，模型为 {dimensions} 维"
        return
    if not _all_unit(collection):
        yield "向量长度不为 1"
    elif not _rounded_fit(collection):
        yield "粗略向量与向量不符"
    elif lost := _lost_rows(collection):
        yield f"向量检索找不到自身（编号 {'、'.join(str(collection.ids[row]) for row in lost[:_SHOWN])}）"


def _all_unit(collection: Collection) -> bool:
    vectors = collection.vectors.vectors
    return all(
        bool(np.all(np.abs(np.linalg.norm(vectors[at : at + _BLOCK], axis=1) - 1) <= UNIT_TOLERANCE))
        for at in range(0, len(vectors), _BLOCK)
    )


def _sample(collection: Collection) -> NDArray[np.int64]:
    """Rows evenly spread."""
    return np.unique(np.linspace(0, len(collection) - 1, min(_SAMPLE, len(collection))).astype(np.int64))


def _rounded_fit(collection: Collection) -> bool:
    """Whether the coarse rows and the byte rows of a sample equal those computed from their vectors."""
    vectors, sample = collection.vectors, _sample(collection)
    kinds = (vectors.coarse, vectors.byte_rows)
    return all(rows is None or rows.fits(vectors.vectors[sample], sample) for rows in kinds)


def _lost_rows(collection: Collection) -> list[int]:
    """Rows of the sample whose own vector does not lead to them, unless as many others are as near."""
    sample = _sample(collection)
    queries = np.ascontiguousarray(collection.vectors.vectors[sample])
    scores, rows = collection.vectors.search(queries, _DEPTH)
    return [
        int(row)
        for row, query, found_scores, found_rows in zip(sample, queries, scores, rows, strict=True)
        if row not in found_rows and found_scores[-1] < collection.vectors.scores(query, np.array([row]))[0]
    ]
