"""The command that matches many needs of a file at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.commands.match import NEW_TEXTS, OPTION_NAMES
from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_json, print_table, step_progress
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.installation.runtime import Runtime
    from service.requests.batches import BatchAnswer, NamedAnswer, QueryOptions

Many = list[str] | None


def match_batch(
    file: Annotated[
        Path,
        typer.Argument(
            help="需求清单（xlsx、csv，含需求名称、需求描述两列），或每行一个查询的 jsonl",
            metavar="文件",
            show_default=False,
        ),
    ],
    top: Annotated[int, typer.Option(help="每条返回多少条（1 至 50）", metavar="条数")] = 10,
    segment: Annotated[Many, option("产业细分领域的代码或名称，可重复")] = None,
    region: Annotated[Many, option("省、地级行政区划的代码或名称，可重复")] = None,
    open_licence: Annotated[
        bool | None,
        typer.Option("--open-licence/--no-open-licence", help="只看（不看）开放许可专利", show_default=False),
    ] = None,
    include_ended: Annotated[
        bool, typer.Option("--include-ended", help="包括已失效和尚未授权的专利")
    ] = False,
    min_band: Annotated[str | None, option("匹配程度不低于：高、中、低", "档")] = None,
    out: Annotated[Path | None, option("全部结果写入此 Excel 文件", "文件.xlsx")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")] = False,
) -> int:
    """批量匹配：为清单中的每条需求查找专利，一次最多 1000 条。有未能匹配的，退出码为 1。

    示例：
    patentdock match-batch 需求清单.xlsx --top 5 --out 匹配结果.xlsx
    """
    from service.requests.batches import QueryOptions, queries_in
    from service.requests.filters import FilterInput

    conditions = {
        "segment": segment or [],
        "region": region or [],
        "open_licence": open_licence,
        "include_ended": include_ended,
        "min_band": min_band,
    }
    filters = checked(FilterInput, None, conditions)
    stated: dict[str, Any] = {"top_k": top, "filters": filters}
    defaults = checked(QueryOptions, OPTION_NAMES, stated)
    runtime = ready_runtime()
    _check_conditions(runtime, filters)
    found = _matched(runtime, queries_in(file, runtime.circumstances()), defaults)
    answers = [one for part in found for one in part.items]
    if out is not None:
        _write(out, answers, found[0].generation, filters)
    if as_json:
        print_json({"generation": found[0].generation, "items": [_as_json(runtime, one) for one in answers]})
    else:
        _print(answers)
    return 1 if any(one.error for one in answers) else 0


def _check_conditions(runtime: Runtime, filters: Any) -> None:
    """Refuses conditions that cannot be met under the names of their options, before any query is answered."""
    from service.cli.terminal.options import as_options
    from service.requests.field_problems import InvalidFields
    from service.requests.filters import resolve

    try:
        with runtime.database.read() as session:
            resolve(session, filters)
    except InvalidFields as error:
        raise as_options(error.fields) from error


def _matched(runtime: Runtime, queries: list[dict[str, Any]], defaults: QueryOptions) -> list[BatchAnswer]:
    from service.requests.batches import answer_to_all

    if runtime.settings.follow_seconds > 0:
        runtime.recent.catch_up(NEW_TEXTS)
    found: list[BatchAnswer] = []
    with step_progress() as progress:
        for answer in answer_to_all(runtime, queries, defaults):
            found.append(answer)
            progress("匹配", sum(len(one.items) for one in found), len(queries))
    return found


def _write(out: Path, answers: Sequence[NamedAnswer], generation: str, filters: Any) -> None:
    from service.requests.filters import described
    from service.sheets.documents import to_xlsx
    from service.sheets.matches import batch_document

    out.write_bytes(to_xlsx(batch_document(answers, generation, described(filters))))
    note(f"已写入 {out}：查询 {len(answers)} 条")


def _as_json(runtime: Runtime, answer: NamedAnswer) -> dict[str, Any]:
    if answer.matches is not None:
        return {"name": answer.name, "matches": answer.matches.model_dump(mode="json")}
    from service.web.errors import problem_within

    problem = problem_within(runtime, answer.error) if answer.error else None
    return {"name": answer.name, "problem": problem and problem.model_dump(mode="json")}


def _print(answers: Sequence[NamedAnswer]) -> None:
    from service.sheets.matches import QUERY_COLUMNS, query_row

    print_table(QUERY_COLUMNS, [query_row(answer) for answer in answers])
    failed = sum(1 for answer in answers if answer.error)
    note(f"共 {len(answers)} 条" + (f"，其中 {failed} 条未能匹配" if failed else ""))


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("match-batch", cls=command, rich_help_panel=Panel.MATCHING)(match_batch)
