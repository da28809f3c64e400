"""Collections to measure retrieval on (评测集): documents, queries and what is judged relevant.

A folder in BEIR layout holds corpus.jsonl (`_id`, `title`, `text`), queries.jsonl (`_id`, `text`) and qrels.tsv (or
qrels/test.tsv) with the columns query-id, corpus-id and score (grade). Documents that may not be stored beside their
judgements come from a file of records instead and are named by a hash of their title. Records alone make a known-item
search (已知项检索): the naming field of a record is the query, its abstract should be found.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from catalog.kit.errors import InvalidInput

Half = Literal["tuning", "test"]
Grades = dict[str, dict[str, int]]
_LAYOUT = "需要 corpus.jsonl、queries.jsonl 和 qrels.tsv（BEIR 布局）"


@dataclass(frozen=True)
class Benchmark:
    """A collection: documents and queries by id, judgements as grades by query and document."""

    documents: dict[str, str]
    queries: dict[str, str]
    judgements: Grades

    @property
    def answered(self) -> list[str]:
        """The judged queries that have a relevant document, in order: those that count in a mean."""
        return [query for query, grades in self.judgements.items() if any(g > 0 for g in grades.values())]


def load(folder: Path, corpus: Path | None = None) -> Benchmark:
    """Read a collection; documents from the records of `corpus` by title hash where one is given.

    Raises InvalidInput naming file and line of what cannot be read.
    """
    documents = _titled(corpus) if corpus else _documents(folder / "corpus.jsonl")
    queries = {str(record["_id"]): record["text"] for record in _beir(folder / "queries.jsonl")}
    judgements = {query: grades for query, grades in _judgements(folder).items() if query in queries}
    if not documents or not judgements:
        raise InvalidInput(
            "评测目录里没有可用的文档或判定", hint="请检查 corpus.jsonl 与 qrels.tsv 的编号是否对应"
        )
    return Benchmark(documents, queries, judgements)


def known_items(path: Path, field: str) -> Benchmark:
    """A collection of the records of a file: the value of `field` is the query, the abstract alone the document.

    Several values of a field are joined with blanks. Raises InvalidInput.
    """
    records = [
        (_words(record.get(field)), _words(record.get("abstract")))
        for _, record in _objects(path, ("abstract", field))
    ]
    numbers = range(len(records))
    return Benchmark(
        documents={f"d{n}": records[n][1] for n in numbers},
        queries={f"q{n}": records[n][0] for n in numbers},
        judgements={f"q{n}": {f"d{n}": 1} for n in numbers},
    )


def part_of(benchmark: Benchmark, every: int) -> Benchmark:
    """A fixed part, quick to embed: one query of `every`, all documents relevant to these, and one other document of `every`."""
    queries = [query for query in benchmark.judgements if _number(query) % every == 0]
    answers = {
        document for query in queries for document, grade in benchmark.judgements[query].items() if grade > 0
    }
    return Benchmark(
        documents={
            document: text
            for document, text in benchmark.documents.items()
            if document in answers or _number(document) % every == 0
        },
        # All of them: the mean of the needs belongs to the ranking.
        queries=benchmark.queries,
        judgements={query: benchmark.judgements[query] for query in queries},
    )


def half(query: str) -> Half:
    """The half of a collection to which a query belongs: by the hash of its id, even is tuning, odd is test."""
    return "test" if _number(query) % 2 else "tuning"


def title_hash(title: str) -> str:
    """The name of a document identified by its title: 16 hex digits."""
    return sha256(title.encode()).hexdigest()[:16]


def _number(name: str) -> int:
    return int(sha256(name.encode()).hexdigest(), 16)


def _objects(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a file that have all these fields, with their line numbers."""
    if not path.is_file():
        raise InvalidInput(f"评测目录缺少文件 {path.name}", hint=_LAYOUT)
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if not all(field in record for field in fields):
                    raise ValueError(fields)
            except (ValueError, TypeError) as error:
                raise InvalidInput(
                    f"{path.name} 第 {number} 行无法读取：{line.strip()[:80]}",
                    hint=f"每行应是含 {'、'.join(fields)} 的 JSON 对象",
                ) from error
            yield number, record


def _beir(path: Path) -> Iterator[dict[str, Any]]:
    return (record for _, record in _objects(path, ("_id", "text")))


def _documents(path: Path) -> dict[str, str]:
    return {str(record["_id"]): _text(record.get("title"), record["text"]) for record in _beir(path)}


def _titled(path: Path) -> dict[str, str]:
    """Records by title hash; of several with one title the first is kept."""
    documents: dict[str, str] = {}
    for _, record in _objects(path, ("title", "abstract")):
        documents.setdefault(title_hash(record["title"]), _text(record["title"], record["abstract"]))
    return documents


def _text(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _judgements(folder: Path) -> Grades:
    path = next((p for p in (folder / "qrels.tsv", folder / "qrels" / "test.tsv") if p.is_file()), None)
    if path is None:
        raise InvalidInput(
            "评测目录缺少文件 qrels.tsv", hint="三列：query-id、corpus-id、score，以制表符分隔"
        )
    judgements: Grades = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, delimiter="\t"), 1):
            if number == 1 and row and row[-1].strip().lower() == "score":
                continue
            try:
                query, document, grade = (cell.strip() for cell in row)
                judgements.setdefault(query, {})[document] = int(grade)
            except ValueError as error:
                raise InvalidInput(
                    f"{path.name} 第 {number} 行无法读取：{row}",
                    hint="每行三列：query-id、corpus-id、整数等级",
                ) from error
    return judgements
