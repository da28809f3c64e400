"""Canary queries (抽检需求): needs with a known result, searched in a new generation before it is put in use.

An operator keeps them in `canaries.toml` in the data directory:

    [[canary]]
    text = "动力电池低温充电慢，希望零下二十度也能快充"
    expected = "202019901373.9"
    within = 10
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, Field

from catalog.db import Database
from catalog.kit.errors import InvalidInput, NotReady
from catalog.reference import rule_files
from catalog.supply import patents
from index.engine import Filters
from index.generations.generation import Generation
from index.model.encoder import Encoder
from matching.retrieval.retrieve import asking_among, retrieve

FILE_NAME = "canaries.toml"


class Canary(BaseModel, extra="forbid"):
    """A need, and the patent that has to be among its first matches."""

    text: str = Field(min_length=1, max_length=20_000)
    expected: str = Field(description="申请号")
    within: int = Field(default=10, ge=1, le=200)


class Canaries(BaseModel, extra="forbid"):
    """The canary queries of an installation."""

    canary: list[Canary] = []


class CanaryMissed(NotReady):
    """A new generation does not find what it has to."""

    title = "新索引未通过抽检"


def load(data_dir: Path) -> list[Canary]:
    """The canary queries in the data directory, none where there is no file. Raises InvalidInput."""
    if not (data_dir / FILE_NAME).is_file():
        return []
    return rule_files.parse(rule_files.read(__name__, FILE_NAME, data_dir), Canaries).canary


def check(database: Database, encoder: Encoder, data_dir: Path) -> Callable[[Generation], None]:
    """Returns a check that runs all canary queries on a generation and raises CanaryMissed naming those that fail.

    Raises InvalidInput, before anything is built, when the file cannot be used or names an unknown patent.
    """
    canaries = load(data_dir)
    with database.read() as session:
        ids = patents.ids_of(session, [canary.expected for canary in canaries])
    unknown = [canary.expected for canary in canaries if canary.expected not in ids]
    if unknown:
        raise InvalidInput(
            f"{FILE_NAME} 中的专利不在系统中：{'、'.join(unknown[:5])}",
            hint="expected 应写规范的申请号，如 202019901373.9；请改正或删去该条",
        )

    def ask(generation: Generation) -> None:
        missed = [
            f"“{canary.text[:20]}”的前 {canary.within} 名中没有 {canary.expected}"
            for canary in canaries
            if ids[canary.expected] not in _found(generation, encoder, canary)
        ]
        if missed:
            raise CanaryMissed(
                f"新索引 {generation.name} 未启用，仍使用原索引：{'；'.join(missed[:5])}",
                hint=f"请检查模型与导入的数据；确认无误可改 {FILE_NAME} 后重新运行 patentdock reindex，"
                f"或用 patentdock generations rollback {generation.name} 直接启用新索引",
            )

    return ask


def _found(generation: Generation, encoder: Encoder, canary: Canary) -> set[int]:
    need = asking_among(canary.text, encoder.encode_queries([canary.text])[0], generation.needs)
    return {hit.id for hit in retrieve(generation.patents, need, Filters(), canary.within)}
