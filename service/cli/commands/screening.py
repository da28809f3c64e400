"""Commands on the screening of dormant patents (盘点筛选) and the answers of holders."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.days import beijing_today
from catalog.kit.errors import PatentDockError
from service.cli.terminal.help import Panel
from service.cli.terminal.output import note, print_error, print_json, print_table, step_progress
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from assessment.screening.dormancy import ScreenReport
    from ingestion.reviews.answers import AnswerReport
    from ingestion.reviews.workbook import ReviewExport

Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")]


def _day(text: str | None, option: str) -> date:
    from catalog.kit.errors import InvalidInput

    try:
        return date.fromisoformat(text) if text else beijing_today()
    except ValueError as error:
        raise InvalidInput(f"{option}：应为日期，如 2026-06-30（现为 {text}）") from error


def weights_export(
    file: Annotated[Path, typer.Argument(help="写入的 csv 文件", metavar="文件", show_default=False)],
) -> None:
    """把正在使用的盘点权重写成 csv 文件，供修改后导入。

    示例：
    patentdock weights export 权重.csv
    """
    from assessment.screening import weights as screening_weights

    weights = screening_weights.export(ready_runtime().settings.data, file)
    print(f"盘点权重 {weights.version} 已写入 {file}；修改后用 patentdock weights import 启用")


def weights_import(
    file: Annotated[Path, typer.Argument(help="修改后的 csv 文件", metavar="文件", show_default=False)],
) -> None:
    """检查并启用修改后的盘点权重；有误时说明在哪一行，原有权重不变。

    示例：
    patentdock weights import 权重.csv
    """
    from assessment.screening import weights as screening_weights

    weights = screening_weights.adopt(ready_runtime().settings.data, file)
    print(f"盘点权重 {weights.version} 已启用；重新运行 patentdock screen 后生效")


def weights_reset() -> None:
    """恢复默认的盘点权重。

    示例：
    patentdock weights reset
    """
    from assessment.screening import weights as screening_weights

    weights = screening_weights.reset(ready_runtime().settings.data)
    print(f"已恢复盘点权重 {weights.version}；重新运行 patentdock screen 后生效")


def weights_show(as_json: Json = False) -> None:
    """显示正在使用的盘点权重。

    示例：
    patentdock weights show
    """
    from assessment.screening import weights as screening_weights

    weights = screening_weights.load(ready_runtime().settings.data)
    if as_json:
        print_json(asdict(weights))
        return
    print(
        f"盘点权重 {weights.version}：授权满 {weights.min_age_years} 年，各因素最高分合计 {screening_weights.FULL}"
    )
    rows = [
        [screening_weights.LABELS[factor], step.code or step.least, step.points, step.text]
        for factor in screening_weights.LABELS
        for step in weights.steps[factor]
    ]
    print_table(["因素", "条件（不少于，或类别）", "分值", "理由"], rows)


def screen(
    as_of: Annotated[
        str | None,
        typer.Option(help="按此日的状态筛选，如 2026-06-30；缺省为今日", metavar="日期", show_default=False),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="把年度盘点表按专利权人写入此文件夹", metavar="文件夹", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """盘点筛选：找出高校、科研院所、医疗机构和国企的沉睡专利，逐项给出潜力分及理由。

    示例：
    patentdock screen
    patentdock screen --export 盘点表
    """
    from service.installation.screening import screen as run

    runtime = ready_runtime()
    day = _day(as_of, "--as-of")
    with step_progress() as progress:
        result = run(runtime, day, lambda done, total: progress("盘点筛选", done, total or done))
    exported = None
    if export is not None:
        from assessment.screening.weights import load
        from ingestion.reviews.workbook import export_reviews

        exported = export_reviews(runtime.database, export, load(runtime.settings.data), beijing_today())
    if as_json:
        files = {"files": exported.files, "exported": exported.rows} if exported else {}
        print_json(asdict(result) | files)
        return
    _print_screening(result, exported, export)


def _print_screening(report: ScreenReport, exported: ReviewExport | None, folder: Path | None) -> None:
    print(
        f"按 {report.as_of} 的状态筛选 {report.screened} 件（权重 {report.weights_version}）："
        f"沉睡 {report.dormant} 件，非沉睡 {report.awake} 件，资料不足 {report.undecided} 件"
    )
    if report.unrecorded:
        print(
            f"沉睡的专利中 {report.unrecorded} 件的运用情况从未登记也未核查（未登记≠未实施），请权利人在盘点中确认"
        )
    if report.missing:
        print(
            "缺资料的计分项：" + "，".join(f"{label} {count} 件" for label, count in report.missing.items())
        )
    for message in report.messages:
        print(f"  提示：{message}")
    if exported is not None:
        print(f"年度盘点表 {len(exported.files)} 份，共 {exported.rows} 件专利，已写入 {folder}")


def answers_import(
    files: Annotated[
        list[Path], typer.Argument(help="填写好的年度盘点表", metavar="文件...", show_default=False)
    ],
    on: Annotated[
        str | None, typer.Option(help="答复日期；缺省为今日", metavar="日期", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """导入专利权人填写好的年度盘点表：处置意见、产业化前景和备注。

    示例：
    patentdock answers import 年度盘点表.xlsx --on 2026-11-20
    """
    from ingestion.reviews.answers import import_answers

    database, day = ready_runtime().database, _day(on, "--on")
    reports: list[AnswerReport] = []
    refused = []
    for path in files:
        try:
            reports.append(import_answers(database, path, day, actor="命令行"))
        except PatentDockError as error:
            refused.append({"file": path.name, "message": error.message, "hint": error.hint})
            print_error(f"{path.name} 未导入：{error.message}", error.hint)
            continue
        if not as_json:
            _print_answers(reports[-1])
    if as_json:
        print_json({"files": [asdict(report) for report in reports], "refused": refused})
    elif reports:
        note("产业化前景和运用情况在下次运行 patentdock screen 时计入")
    return 1 if refused else 0


def _print_answers(report: AnswerReport) -> None:
    print(
        f"{report.file_name}：共 {report.rows} 行，新增 {report.new}，更新 {report.changed}，未变更 {report.unchanged}，"
        f"未填 {report.blank}，退回 {len(report.rejected)}"
    )
    for bad in report.rejected:
        value = f"“{bad.value}”" if bad.value else ""
        print(f"  退回：{bad.sheet} 第 {bad.line} 行 {bad.field}{value}：{bad.reason}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    app.command("screen", cls=command, rich_help_panel=Panel.DATA)(screen)
    sub = typer.Typer(cls=group, help="盘点答复：导入", no_args_is_help=True)
    sub.command("import", cls=command)(answers_import)
    # A group of one command: without a callback the library would fold the command into the group.
    sub.callback()(lambda: None)
    app.add_typer(sub, name="answers", rich_help_panel=Panel.DATA)
    weights = typer.Typer(cls=group, help="盘点权重：显示、导出、导入、恢复", no_args_is_help=True)
    weights.command("show", cls=command)(weights_show)
    weights.command("export", cls=command)(weights_export)
    weights.command("import", cls=command)(weights_import)
    weights.command("reset", cls=command)(weights_reset)
    app.add_typer(weights, name="weights", rich_help_panel=Panel.DATA)
