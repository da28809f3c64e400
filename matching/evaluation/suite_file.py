"""The file of a regression suite (评测条件): which rankings are measured on which collections, and what each must reach."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from catalog.kit.errors import InvalidInput
from catalog.reference.rule_files import RuleFile, parse
from matching.evaluation.benchmark import Benchmark, known_items, load, part_of
from matching.evaluation.evaluate import Condition, Ranking
from matching.evaluation.metrics import METRICS
from matching.retrieval.relevance import Weights

Part = Literal["tuning", "test", "all"]
BASELINES = ("rrf", "relevance")
"""What every condition is compared with: plain fusion, and what the product does."""
_HINT = "请对照 evaluation/conditions.toml 修改"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConditionEntry(_Entry):
    """A condition of the file: its name for readers, how it ranks, and the weights that differ from the product's."""

    name: str = Field(min_length=1)
    ranking: Ranking
    weights: Weights = Weights()
    cleaning: bool = False

    @property
    def condition(self) -> Condition:
        """The condition as it is measured."""
        return Condition(self.ranking, self.weights, self.cleaning)


class CollectionEntry(_Entry):
    """A collection of the file.

    `folder` is in BEIR layout, its documents come from `corpus` by title hash where that is given. Without a folder the
    records of `corpus` are known items, with their field `asked` as the query. `every` above 1 takes a fixed part only. A path may
    begin with an environment variable (`$PATENTDOCK_REALDATA`). Where `corpus` is absent the collection is skipped.
    """

    name: str = Field(min_length=1)
    folder: Path | None = None
    corpus: Path | None = None
    asked: str | None = None
    every: int = Field(default=1, ge=1)
    metric: str = "ndcg@10"
    decisive: Part = "test"
    tolerance: float | None = Field(default=None, ge=0)
    expected: dict[str, dict[Part, float]] = {}

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        if metric not in METRICS:
            raise ValueError(f"没有指标 {metric}，可用：{'、'.join(METRICS)}")
        return metric

    @model_validator(mode="after")
    def _readable(self) -> CollectionEntry:
        if self.folder is None and (self.corpus is None or self.asked is None):
            raise ValueError("需要 folder，或者 corpus 与 asked")
        return self

    def within(self, folder: Path) -> CollectionEntry:
        """With its paths seen from `folder`, environment variables put in where they are set."""
        paths = {"folder": self.folder, "corpus": self.corpus}
        return self.model_copy(
            update={name: path and folder / os.path.expandvars(path) for name, path in paths.items()}
        )

    @property
    def absent(self) -> str | None:
        """The reason why the records cannot be read on this machine; None where they can."""
        if self.corpus is None or self.corpus.is_file():
            return None
        unset = re.findall(r"\$(\w+)", str(self.corpus))
        return f"{self.corpus.name} 不在本机" + (f"：未设置环境变量 {unset[0]}" if unset else "")

    def benchmark(self) -> Benchmark:
        """The collection itself. Raises InvalidInput, also where its records are absent."""
        if self.absent:
            raise InvalidInput(f"评测集“{self.name}”不能使用：{self.absent}", hint="请另选评测集")
        if self.folder is not None:
            benchmark = load(self.folder, self.corpus)
        else:
            benchmark = known_items(self.corpus or Path(), self.asked or "")
        return part_of(benchmark, self.every) if self.every > 1 else benchmark


class Suite(_Entry):
    """The content of a file of conditions."""

    tolerance: float = Field(ge=0)
    conditions: dict[str, ConditionEntry]
    collections: dict[str, CollectionEntry]

    @model_validator(mode="after")
    def _expected_of_known_conditions(self) -> Suite:
        missing = {*BASELINES} - {*self.conditions}
        if missing:
            raise ValueError(f"缺少作比较用的条件 {'、'.join(sorted(missing))}")
        for key, collection in self.collections.items():
            unknown = {*collection.expected} - {*self.conditions}
            if unknown:
                raise ValueError(f"评测集 {key} 的 expected 中没有名为 {'、'.join(sorted(unknown))} 的条件")
        return self

    def chosen(self, names: Sequence[str]) -> dict[str, CollectionEntry]:
        """The collections of these names, all for none. Raises InvalidInput."""
        unknown = [name for name in names if name not in self.collections]
        if unknown:
            raise InvalidInput(
                f"没有评测集 {'、'.join(unknown)}", hint=f"可用：{'、'.join(self.collections)}"
            )
        return {key: entry for key, entry in self.collections.items() if not names or key in names}

    def named(self, names: Sequence[str]) -> dict[str, Condition]:
        """The conditions of these names, all for none. Raises InvalidInput."""
        unknown = [name for name in names if name not in self.conditions]
        if unknown:
            raise InvalidInput(f"没有条件 {'、'.join(unknown)}", hint=f"可用：{'、'.join(self.conditions)}")
        return {key: entry.condition for key, entry in self.conditions.items() if not names or key in names}


def read(path: Path) -> Suite:
    """The suite in a file, whose paths are seen from it. Raises InvalidInput naming the place that cannot be used."""
    if not path.is_file():
        raise InvalidInput(f"条件文件 {path} 不存在", hint="例如 evaluation/conditions.toml")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"条件文件 {path} 不是 UTF-8 编码", hint="请另存为 UTF-8 文本") from error
    suite = parse(RuleFile(path.name, "", text), Suite, hint=_HINT)
    collections = {key: entry.within(path.parent) for key, entry in suite.collections.items()}
    return suite.model_copy(update={"collections": collections})
