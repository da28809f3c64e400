"""The commands of the nightly run and of its lists."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.help import Panel
from service.cli.terminal.options import checked, option
from service.cli.terminal.output import note, print_error, print_json, print_table, step_progress
from service.cli.terminal.runtime import ready_runtime
from service.requests.field_problems import FieldProblem, InvalidFields

if TYPE_CHECKING:
    from service.night.nightly import NightPlan
    from service.sheets.documents import PrintedDocument

FILES_REFUSED, ALREADY_RUNNING, NOT_BACKED_UP = 3, 4, 5
"""Exit codes beside 0 (done), 1 (failed) and 2 (wrong usage)."""


def _id_option(text: str) -> Any:
    return typer.Option(help=text, metavar="编号", show_default=False, min=1, max=MAX_ID)


def nightly(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查并说明将做什么，不改动任何内容")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="从头开始，不续做今夜中断或失败的批处理")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> int:
    """夜间批处理：导入新文件、盘点筛选、重建索引、全量匹配、与上一次比较、备份、写报告。

    中断后再次运行会从未完成的一步续做。退出码：0 完成；1 失败；2 用法有误；3 完成，但有文件被拒绝；4 已有一个在运行；5 完成，但备份失败。

    示例：
    patentdock nightly
    patentdock nightly --dry-run
    """
    if context.invoked_subcommand is not None:
        return 0
    from service.night.nightly import AlreadyRunning, plan, run

    runtime = ready_runtime()
    if dry_run:
        return _show_plan(plan(runtime), as_json)
    try:
        with step_progress() as progress:
            done = run(runtime, fresh=fresh, progress=progress)
    except AlreadyRunning as error:
        print_error(error.message, error.hint)
        return ALREADY_RUNNING
    folder = runtime.settings.data / "reports"
    reports = [folder / name for name in done.stages["report"]["files"]]
    if as_json:
        print_json(done.model_dump(mode="json") | {"reports": [str(path) for path in reports]})
    else:
        _print_report(reports)
    if done.stages["backup"]["failed"]:
        print_error(f"备份失败：{done.stages['backup']['failed']}")
        return NOT_BACKED_UP
    return FILES_REFUSED if any(file["refused"] for file in done.stages["import"]["files"]) else 0


def _print_report(reports: list[Path]) -> None:
    for path in reports:
        if path.suffix == ".txt":
            print(path.read_text("utf-8"), end="")
    print(f"报告：{'、'.join(str(path) for path in reports)}")


def _show_plan(wanted: NightPlan, as_json: bool) -> int:
    if as_json:
        print_json(asdict(wanted) | {"files": [file.model_dump() for file in wanted.files]})
    else:
        if wanted.resumes:
            print(f"将续做第 {wanted.resumes} 次批处理")
        print("将依次：" + "、".join(wanted.stages))
        for file in wanted.files:
            counts = (
                f"共 {file.rows} 行，新增 {file.new}，更新 {file.changed}，退回 {file.rejected}，"
                f"待决定 {file.waiting}"
            )
            print(f"  {file.kind}/{file.file}：" + (f"将被拒绝：{file.refused}" if file.refused else counts))
        if not wanted.files:
            print("  待导入文件夹中没有文件")
    return FILES_REFUSED if any(file.refused for file in wanted.files) else 0


def nightly_matches(
    need: Annotated[int | None, _id_option("列出与该技术需求匹配的专利")] = None,
    patent: Annotated[int | None, _id_option("列出与该专利匹配的技术需求")] = None,
    min_band: Annotated[str | None, option("匹配程度不低于：高、中、低", "档")] = None,
    out: Annotated[Path | None, option("写入此 Excel 文件", "文件.xlsx")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")] = False,
) -> None:
    """最近一次夜间批处理为一条需求或一件专利找到的匹配，依名次，附得分及其组成。

    示例：
    patentdock nightly matches --need 17 --out 清单.xlsx
    """
    from service.sheets.documents import to_xlsx

    if (need is None) == (patent is None):
        reason = "请给出且只给出其中一项"
        raise InvalidFields([FieldProblem(field="--need、--patent", value="", reason=reason)])
    found, document = _list_of(need, patent, min_band)
    if out is not None:
        out.write_bytes(to_xlsx(document))
        note(f"已写入 {out}")
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    section = document.sections[0]
    if section.rows:
        print_table(
            section.headings, [["" if cell is None else cell for cell in row] for row in section.rows]
        )
    for line in document.lines:
        print(line)


def _list_of(need: int | None, patent: int | None, min_band: str | None) -> tuple[Any, PrintedDocument]:
    """The whole list of the one that is given, and the same to be printed. Raises NotFound."""
    from catalog.kit.days import beijing_today
    from catalog.kit.paging import MAX_PAGE_SIZE
    from catalog.statistics import night_lists
    from catalog.statistics.night_lists import NightQuery
    from service.sheets import night as night_sheets

    whole = checked(NightQuery, {}, {"size": MAX_PAGE_SIZE, "min_band": min_band})
    with ready_runtime().database.read() as session:
        if need is not None:
            patents = night_lists.of_need(session, need, whole, beijing_today())
            return patents, night_sheets.of_need(patents, f"需求 {need} ")
        needs = night_lists.of_patent(session, patent or 0, whole, beijing_today())
        return needs, night_sheets.of_patent(needs, f"专利 {patent} ")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, invoke_without_command=True)
    sub.callback()(nightly)
    sub.command("matches", cls=command)(nightly_matches)
    app.add_typer(sub, name="nightly", rich_help_panel=Panel.RUNNING)
