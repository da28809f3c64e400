"""The findings of an evaluation in Chinese: tables for the terminal, Markdown and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader

from matching.evaluation.compare import Interval, QueryDifference
from matching.evaluation.suite import CollectionResult, ConditionResult, Shortfall, SuiteResult
from matching.evaluation.suite_file import BASELINES, Part

PART_NAMES: dict[Part, str] = {"tuning": "调参", "test": "测试", "all": "全部"}
_BASELINE_NAMES = {"rrf": "综合排序", "relevance": "相关度"}
_OTHERS = ("recall@10", "hit@10", "mrr")
_SHOWN_RANKS = 5
# Known items are thousands of queries, of which nearly all rank alike.
_SHOWN_QUERIES = 30


@dataclass(frozen=True)
class Cell:
    """A cell: its text, and whether it stands out as `good` or `bad`."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class ReportTable:
    """Headings and rows."""

    headings: list[str]
    rows: list[list[Cell]]

    @property
    def texts(self) -> list[list[str]]:
        """The rows as plain text."""
        return [[cell.text for cell in row] for row in self.rows]


def results(collection: CollectionResult) -> ReportTable:
    """The conditions of a collection, one a row."""
    metric = collection.metric
    parts = [part for part in PART_NAMES if collection.queries.get(part)]
    others = [other for other in _OTHERS if other != metric]
    decisive = PART_NAMES[collection.decisive]
    headings = [
        "排序",
        *(f"{metric} {PART_NAMES[part]}" for part in parts),
        *(f"{other} 全部" for other in others),
        *(f"{decisive}，较{_BASELINE_NAMES[baseline]}（95% 区间）" for baseline in BASELINES),
    ]
    rows = [
        [
            Cell(row.name),
            *(_measured(collection, row, part) for part in parts),
            *(Cell(f"{row.metrics['all'][other]:.3f}") for other in others),
            *(_above(row.above.get(baseline)) for baseline in BASELINES),
        ]
        for row in collection.conditions
    ]
    return ReportTable(headings, rows)


def brief(collection: CollectionResult) -> ReportTable:
    """The conditions of a collection under the names of the file, as narrow as a terminal."""
    parts = [part for part in PART_NAMES if collection.queries.get(part)]
    headings = [
        collection.metric,
        *(PART_NAMES[part] for part in parts),
        f"{PART_NAMES[collection.decisive]}，较综合排序",
    ]
    rows = [
        [
            Cell(row.condition),
            *(Cell(f"{row.metrics[part][collection.metric]:.4f}") for part in parts),
            _above(row.above.get("rrf")),
        ]
        for row in collection.conditions
    ]
    return ReportTable(headings, rows)


def differences(
    found: Sequence[QueryDifference], first: str, second: str, metric: str, top: int | None = None
) -> ReportTable:
    """Two conditions query by query, biggest losses of the first one first; with `top`, that many from both ends."""
    changed = [row for row in found if row.difference]
    shown = changed if top is None or len(changed) <= 2 * top else [*changed[:top], *changed[-top:]]
    headings = [
        "编号",
        "需求",
        f"{first} {metric}",
        f"{second} {metric}",
        "差",
        f"{first} 名次",
        f"{second} 名次",
    ]
    rows = [
        [
            Cell(row.query),
            Cell(row.text),
            Cell(f"{row.first:.3f}"),
            Cell(f"{row.second:.3f}"),
            Cell(f"{row.difference:+.3f}", "good" if row.difference > 0 else "bad"),
            Cell(_ranks(row.first_ranks)),
            Cell(_ranks(row.second_ranks)),
        ]
        for row in shown
    ]
    return ReportTable(headings, rows)


def shortfall_text(shortfall: Shortfall) -> str:
    """One metric that fell too low, as a sentence."""
    return (
        f"{shortfall.collection} / {shortfall.condition}：{PART_NAMES[shortfall.part]} {shortfall.metric} "
        f"为 {shortfall.measured:.4f}，应为 {shortfall.expected:.4f}（容差 {shortfall.tolerance:g}）"
    )


def interval_text(interval: Interval) -> str:
    """A mean difference with its interval."""
    if interval.low is None or interval.high is None:
        return f"{interval.mean:+.4f}"
    return f"{interval.mean:+.4f}（{interval.low:+.4f} 至 {interval.high:+.4f}）"


def about(collection: CollectionResult) -> str:
    """The measured data in one line."""
    if collection.skipped:
        return f"跳过：{collection.skipped}"
    counts = "，".join(f"{PART_NAMES[part]} {count}" for part, count in collection.queries.items() if count)
    changed = sum(1 for row in collection.differences if row.difference)
    return f"{collection.documents} 件文档；有答案的需求：{counts}。相关度与综合排序得分不同的需求 {changed} 条。"


def write(result: SuiteResult, folder: Path) -> list[Path]:
    """Write evaluation.md, .html and .json into `folder`, which is made where it is missing. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "evaluation.md": markdown(result),
        "evaluation.html": html(result),
        "evaluation.json": result.model_dump_json(indent=2) + "\n",
    }
    for name, text in contents.items():
        (folder / name).write_text(text, "utf-8")
    return [folder / name for name in contents]


def markdown(result: SuiteResult) -> str:
    """The tables as Markdown."""
    lines = ["# 检索质量", "", _head(result), ""]
    lines += [f"- **低于预期** {shortfall_text(shortfall)}" for shortfall in result.shortfalls]
    for collection in result.collections:
        lines += ["", f"## {collection.name}", "", about(collection), ""]
        if not collection.skipped:
            lines += _markdown_table(results(collection))
            lines += ["", "### 逐条比较：相关度与综合排序", "", *_markdown_table(_compared(collection))]
    return "\n".join(lines) + "\n"


def html(result: SuiteResult) -> str:
    """The tables as one page without outside references."""
    environment = Environment(loader=PackageLoader("service.console"), autoescape=True)
    return environment.get_template("evaluation.html").render(
        head=_head(result),
        shortfalls=[shortfall_text(shortfall) for shortfall in result.shortfalls],
        collections=[
            (collection, about(collection), results(collection), _compared(collection))
            for collection in result.collections
        ],
    )


def _head(result: SuiteResult) -> str:
    return (
        f"模型 {result.model}（{result.precision}）。区间为配对自助法（10,000 次，种子固定）；"
        "区间不含零的差加粗，低于预期的指标标红。"
    )


def _compared(collection: CollectionResult) -> ReportTable:
    return differences(collection.differences, "相关度", "综合排序", collection.metric, _SHOWN_QUERIES)


def _measured(collection: CollectionResult, row: ConditionResult, part: Part) -> Cell:
    low = any(s.condition == row.condition and s.part == part for s in collection.shortfalls)
    expected = f"（应为 {row.expected[part]:.4f}）" if low else ""
    return Cell(f"{row.metrics[part][collection.metric]:.4f}{expected}", "bad" if low else "")


def _above(interval: Interval | None) -> Cell:
    if interval is None:
        return Cell("—")
    mark = ("good" if interval.mean > 0 else "bad") if interval.beyond_chance else ""
    return Cell(interval_text(interval), mark)


def _ranks(ranks: Sequence[int | None]) -> str:
    shown = "、".join("—" if rank is None else str(rank) for rank in ranks[:_SHOWN_RANKS])
    return f"{shown}…（共 {len(ranks)} 件）" if len(ranks) > _SHOWN_RANKS else shown


def _markdown_table(table: ReportTable) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', '｜').replace(chr(10), ' ') for cell in cells)} |"

    rows = [[f"**{cell.text}**" if cell.mark else cell.text for cell in row] for row in table.rows]
    return [line(table.headings), line(["---"] * len(table.headings)), *map(line, rows)]
