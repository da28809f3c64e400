"""Commands that bring data in: import, demonstration data, index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import PatentDockError
from service.cli_output import note, print_error, print_json, step_progress
from service.cli_runtime import ready_runtime

if TYPE_CHECKING:
    from ingestion.report import ImportReport
    from service.runtime import Runtime


class Kind(StrEnum):
    """Kinds of records that can be imported."""

    PATENTS = "patents"
    NEEDS = "needs"
    ENTERPRISES = "enterprises"
    LICENCES = "licences"
    FACTS = "facts"


KIND_NAMES = {
    "patents": "专利",
    "needs": "技术需求",
    "enterprises": "企业",
    "licences": "开放许可声明",
    "facts": "专利运用登记",
}

Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出结果")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只检查并报告，不写入数据库")]


@contextmanager
def _row_progress(name: str) -> Iterator[Callable[[int, int | None], None]]:
    rows = 0
    with step_progress() as report:

        def advance(done: int, total: int | None) -> None:
            nonlocal rows
            rows = done
            report(f"导入 {name}", done, total or done)

        yield advance
        report(f"导入 {name}", rows, rows)  # the total given on the way is an estimate


def _run_import(
    runtime: Runtime, path: Path, kind: str, *, is_demo: bool = False, dry_run: bool = False
) -> ImportReport:
    from ingestion.importer import import_file

    with _row_progress(path.name) as progress:
        return import_file(
            runtime.database,
            path,
            kind,
            actor="命令行",
            is_demo=is_demo,
            rejected_dir=runtime.settings.rejected_dir,
            progress=progress,
            dry_run=dry_run,
        )


def _print_report(report: ImportReport, *, dry_run: bool) -> None:
    print(
        f"{report.file_name}：{'（试运行，未写入）' if dry_run else ''}共 {report.rows} 行，新增 {report.new}，"
        f"更新 {report.changed}，无变化 {report.unchanged}，退回 {report.rejected}"
    )
    for message in report.messages:
        print(f"  提示：{message}")
    if report.rejected_file:
        print(f"  退回的行及原因见 {report.rejected_file}，改正后可直接再次导入")


def import_files(
    kind: Annotated[
        Kind,
        typer.Argument(
            help="patents 专利 | needs 技术需求 | enterprises 企业 | licences 开放许可声明 | facts 专利运用登记",
            metavar="类型",
            show_default=False,
        ),
    ],
    files: Annotated[
        list[Path], typer.Argument(help="xlsx、xls、csv 或 jsonl 文件", metavar="文件...", show_default=False)
    ],
    as_json: Json = False,
    dry_run: DryRun = False,
) -> int:
    """导入登记数据。有整个文件被拒绝时退出码为 1；个别行被退回不算失败。"""
    runtime = ready_runtime()
    reports: list[ImportReport] = []
    refused: list[dict[str, str | None]] = []
    for path in files:
        try:
            reports.append(_run_import(runtime, path, kind.value, dry_run=dry_run))
        except PatentDockError as error:
            refused.append({"file": path.name, "message": error.message, "hint": error.hint})
            print_error(f"{path.name} 未导入：{error.message}", error.hint)
            continue
        if not as_json:
            _print_report(reports[-1], dry_run=dry_run)
    if as_json:
        print_json(_summary(kind.value, reports, refused, dry_run))
    elif reports and not dry_run and kind in (Kind.PATENTS, Kind.NEEDS):
        note("导入的数据在运行 patentdock reindex 后参加匹配")
    return 1 if refused else 0


def _summary(
    kind: str, reports: list[ImportReport], refused: list[dict[str, str | None]], dry_run: bool
) -> dict[str, Any]:
    counts = ("rows", "new", "changed", "unchanged", "rejected")
    totals = {name: sum(getattr(report, name) for report in reports) for name in counts}
    files = [asdict(report) for report in reports]
    return {"kind": kind, "dry_run": dry_run, **totals, "files": files, "refused": refused}


def reindex(as_json: Json = False) -> None:
    """重建索引：只对新增或改动过的文本计算向量，完成后原子切换。"""
    from service.indexing import rebuild

    runtime = ready_runtime()
    with step_progress() as progress:
        result = rebuild(runtime, progress)
    if as_json:
        print_json(asdict(result))
        return
    report = result.build
    print(
        f"索引 {report.name} 已启用：专利 {report.patents} 件，需求 {report.needs} 条；"
        f"新计算向量 {report.embedded}，沿用 {report.reused}；用时 {report.seconds:.1f} 秒"
    )
    if result.assigned.needs or result.assigned.patents:
        print(
            f"由文本推断产业：专利 {result.assigned.patents} 件，需求 {result.assigned.needs} 条（标注“推断”）"
        )


def demo_load(as_json: Json = False) -> None:
    """导入演示数据（虚构，处处标明“演示数据”）；可重复运行。"""
    import demo

    runtime = ready_runtime()
    reports = {kind: _run_import(runtime, demo.path(kind), kind, is_demo=True) for kind in demo.KINDS}
    if as_json:
        print_json({kind: asdict(report) for kind, report in reports.items()})
        return
    for kind, report in reports.items():
        print(
            f"{KIND_NAMES[kind]}：新增 {report.new}，更新 {report.changed}，无变化 {report.unchanged}", end=""
        )
        print(f"，退回 {report.rejected}" if report.rejected else "")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    app.command("import", cls=command)(import_files)
    app.command("reindex", cls=command)(reindex)
    demo = typer.Typer(cls=group, help="演示数据", no_args_is_help=True)
    demo.command("load", cls=command)(demo_load)
    # A group of one command: without a callback the library would fold the command into the group.
    demo.callback()(lambda: None)
    app.add_typer(demo, name="demo")
