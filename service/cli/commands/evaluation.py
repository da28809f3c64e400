"""The command that measures how well matching works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.errors import InvalidInput, system_reason
from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import note, print_error, print_json, print_table, step_progress
from service.cli.terminal.runtime import any_runtime
from service.requests.field_problems import FieldProblem, InvalidFields

if TYPE_CHECKING:
    from matching.evaluation.compare import QueryDifference
    from matching.evaluation.evaluate import Evaluation
    from matching.evaluation.suite import SuiteResult

# A need is a paragraph; --json and the report give it whole.
_SHOWN_LETTERS = 24
_NAMES = {"dense": "语义", "lexical": "关键词", "rrf": "综合排序", "relevance": "相关度"}


def evaluate(
    folder: Annotated[
        Path | None, typer.Argument(help="BEIR 布局的文件夹", metavar="文件夹", show_default=False)
    ] = None,
    suite: Annotated[
        Path | None,
        option("改为按条件文件评测（如 evaluation/conditions.toml），低于预期时退出码为 1", "文件"),
    ] = None,
    collection: Annotated[list[str] | None, option("只评测条件文件中的这个评测集，可重复", "名称")] = None,
    compare: Annotated[
        tuple[str, str] | None,
        option("逐条需求比较两种排序（条件名，如 relevance rrf），前者落后最多的在前", "条件 条件"),
    ] = None,
    out: Annotated[Path | None, option("把评测表写成 Markdown、网页与 JSON，放入此文件夹", "文件夹")] = None,
    run: Annotated[Path | None, option("把相关度排序写成 TREC run 文件", "文件")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> None:
    """评测检索质量：关键词、语义、二者综合排序（RRF）与本系统相关度四种排序的指标；或按条件文件作回归评测。

    示例：
    patentdock eval 评测集 --json
    patentdock eval --suite evaluation/conditions.toml --out 评测表
    """
    _check(folder, suite, collection, out, run, compare)
    if suite is None and folder is not None:
        _folder(folder, compare, run, as_json)
    elif suite is not None and compare is not None:
        _suite_comparison(suite, collection or [], compare, as_json)
    elif suite is not None:
        _suite(suite, collection or [], out, as_json)


def _check(
    folder: Path | None,
    suite: Path | None,
    collection: list[str] | None,
    out: Path | None,
    run: Path | None,
    compare: tuple[str, str] | None,
) -> None:
    """Refuse options that do not go together. Raises InvalidFields."""
    problems = []
    if (folder is None) == (suite is None):
        problems.append(("文件夹、--suite", "请给出且只给出其中一项"))
    if suite is None and (collection or out):
        problems.append(("--collection、--out", "只能与 --suite 一起使用"))
    if suite is not None and run is not None:
        problems.append(("--run", "只能与文件夹一起使用"))
    if compare is not None and (out or run):
        problems.append(("--compare", "不能与 --out、--run 一起使用"))
    if problems:
        raise InvalidFields(
            [FieldProblem(field=field, value="", reason=reason) for field, reason in problems]
        )


def _folder(folder: Path, pair: tuple[str, str] | None, run: Path | None, as_json: bool) -> None:
    from matching.evaluation.benchmark import load
    from matching.evaluation.compare import by_query
    from matching.evaluation.evaluate import CONDITIONS, measure, write_run

    unknown = [name for name in pair or () if name not in CONDITIONS]
    if unknown:
        raise InvalidInput(f"没有条件 {'、'.join(unknown)}", hint=f"可用：{'、'.join(CONDITIONS)}")
    benchmark, encoder = load(folder), any_runtime().encoder
    with step_progress() as progress:
        evaluation = measure(benchmark, encoder, progress=progress)
    if pair is not None:
        runs = evaluation.runs
        found = by_query(runs[pair[0]], runs[pair[1]], benchmark, "ndcg@10")
        _print_comparison(found, pair, "ndcg@10", as_json)
        return
    if run is not None:
        with _writing():
            write_run(evaluation, run)
    _print_metrics(evaluation, as_json)


def _print_metrics(evaluation: Evaluation, as_json: bool) -> None:
    if as_json:
        print_json(evaluation.metrics)
        return
    rows = [
        [_NAMES.get(leg, leg), *(f"{values[metric]:.4f}" for metric in values)]
        for leg, values in evaluation.metrics.items()
    ]
    print_table(["排序", *next(iter(evaluation.metrics.values()))], rows)


def _suite(path: Path, names: list[str], out: Path | None, as_json: bool) -> None:
    from matching.evaluation import suite, suite_file
    from service.cli.terminal import eval_report

    conditions = suite_file.read(path)
    conditions.chosen(names)
    encoder = any_runtime().encoder
    with step_progress() as progress:
        result = suite.run(conditions, encoder, names, progress=progress)
    if out is not None:
        with _writing():
            written = eval_report.write(result, out)
        for path_written in written:
            note(f"已写入 {path_written}")
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        _print_suite(result)
    for shortfall in result.shortfalls:
        print_error(
            f"低于预期：{eval_report.shortfall_text(shortfall)}",
            f"用 patentdock eval --suite {path} --collection {shortfall.collection} "
            f"--compare {shortfall.condition} rrf 查看是哪些需求",
        )
    if result.shortfalls:
        raise typer.Exit(1)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            f"无法写入 {error.filename}：{system_reason(error)}", hint="请检查文件夹与权限"
        ) from error


def _print_suite(result: SuiteResult) -> None:
    from service.cli.terminal import eval_report

    for collection in result.collections:
        print(f"{collection.name}（{collection.key}）：{eval_report.about(collection)}")
        if not collection.skipped:
            table = eval_report.brief(collection)
            print_table(table.headings, table.texts)
        print()


def _suite_comparison(path: Path, names: list[str], pair: tuple[str, str], as_json: bool) -> None:
    from matching.evaluation import suite, suite_file

    conditions = suite_file.read(path)
    conditions.named(pair)
    entries = conditions.chosen(names)
    name = next(iter(entries))
    if not names:
        note(f"评测集 {name}；可用 --collection 另选（{'、'.join(entries)}）")
    encoder = any_runtime().encoder
    with step_progress() as progress:
        found = suite.compare(conditions, encoder, name, pair, progress=progress)
    _print_comparison(found, pair, entries[name].metric, as_json)


def _print_comparison(
    found: Sequence[QueryDifference], pair: tuple[str, str], metric: str, as_json: bool
) -> None:
    from matching.evaluation.compare import paired_bootstrap
    from service.cli.terminal import eval_report

    if as_json:
        print_json([row.model_dump(mode="json") for row in found])
        return
    shortened = [row.model_copy(update={"text": _shortened(row.text)}) for row in found]
    table = eval_report.differences(shortened, *pair, metric)
    print_table(table.headings, table.texts)
    interval = paired_bootstrap([row.first for row in found], [row.second for row in found])
    above, below = (sum(1 for row in found if sign * row.difference > 0) for sign in (1, -1))
    print(
        f"{len(found)} 条需求：{pair[0]} 较高 {above} 条，较低 {below} 条，相同 {len(found) - above - below} 条；"
        f"平均差 {eval_report.interval_text(interval)}"
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("eval", cls=command, rich_help_panel=Panel.MATCHING)(evaluate)
