"""Commands that bring data in: import, demonstration data, index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.days import beijing_today
from catalog.kit.errors import Busy, Conflict, PatentDockError
from ingestion.kinds.kinds import KIND_NAMES
from ingestion.kinds.lookup import kind_of
from service.cli.terminal.help import Panel
from service.cli.terminal.import_output import as_json as report_as_json
from service.cli.terminal.import_output import print_report
from service.cli.terminal.output import note, print_error, print_json, step_progress
from service.cli.terminal.runtime import ready_runtime
from service.requests.field_problems import FieldProblem, InvalidFields
from service.requests.types import ImportKind

COUNTS = ("rows", "new", "changed", "unchanged", "rejected", "waiting")

if TYPE_CHECKING:
    from ingestion.columns.mappings import SavedMapping
    from ingestion.imports.report import ImportReport
    from service.installation.runtime import Runtime


Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出结果")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只检查：显示各列的对应、前几条记录、行数与退回的原因，不写入数据库")
]
Source = Annotated[
    str | None,
    typer.Option("--source", help="用此来源已保存的列对应关系", metavar="来源", show_default=False),
]
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", help="用此 TOML 文件中的列对应关系", metavar="文件", show_default=False),
]
SaveMapping = Annotated[
    str | None,
    typer.Option(
        "--save-mapping", help="把各列的对应保存为此来源的列对应关系", metavar="来源", show_default=False
    ),
]


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
    runtime: Runtime,
    path: Path,
    kind: str,
    *,
    is_demo: bool = False,
    dry_run: bool = False,
    mapping: SavedMapping | None = None,
) -> ImportReport:
    from catalog.reference import places
    from ingestion.imports.importer import import_file
    from ingestion.imports.queue import Queued

    def report(ahead: Sequence[Queued]) -> None:
        note(f"{path.name} 排队中，前面还有 {len(ahead)} 个，正在导入《{ahead[0].file_name}》")

    turn = runtime.import_queue.turn(Queued(file_name=path.name, kind=kind, actor="命令行"), report=report)
    with nullcontext() if dry_run else turn, _row_progress(path.name) as progress:
        return import_file(
            runtime.database,
            path,
            kind,
            actor="命令行",
            is_demo=is_demo,
            today=beijing_today(),
            places=places.load(runtime.settings.data),
            rejected_dir=runtime.settings.rejected_dir,
            progress=progress,
            dry_run=dry_run,
            mapping=mapping,
        )


def _mapping(runtime: Runtime, source: str | None, file: Path | None) -> SavedMapping | None:
    from ingestion.columns import mappings

    if source is not None and file is not None:
        reason = "不能与 --mapping 同时使用"
        raise InvalidFields([FieldProblem(field="--source", value=source, reason=reason)])
    if source is not None:
        return mappings.load(runtime.settings.mappings_dir, source)
    return mappings.read(file) if file is not None else None


def _check_free(runtime: Runtime, source: str | None, files: list[Path]) -> None:
    """Refuse to save a mapping over another, which an operator may have edited, or one of several files."""
    from ingestion.columns import mappings

    if source is None:
        return
    if len(files) > 1:
        reason = "一次只能保存一个文件的列对应关系"
        raise InvalidFields([FieldProblem(field="--save-mapping", value=source, reason=reason)])
    path = mappings.path_of(runtime.settings.mappings_dir, source)
    if path.exists():
        raise Conflict(
            f"已有名为“{source}”的列对应关系（{path}）",
            hint=f"请换一个名称；或先用 patentdock mappings remove {source} 删去",
        )


def _save_mapping(runtime: Runtime, source: str, report: ImportReport) -> Path:
    from ingestion.columns import mappings

    return mappings.save(
        runtime.settings.mappings_dir, mappings.from_columns(source, report.kind, report.columns)
    )


def import_files(
    kind: Annotated[
        ImportKind,
        typer.Argument(
            help=" | ".join(f"{name} {label}" for name, label in KIND_NAMES.items()),
            metavar="类型",
            show_default=False,
        ),
    ],
    files: Annotated[
        list[Path], typer.Argument(help="xlsx、xls、csv 或 jsonl 文件", metavar="文件...", show_default=False)
    ],
    as_json: Json = False,
    dry_run: DryRun = False,
    source: Source = None,
    mapping_file: MappingFile = None,
    save_as: SaveMapping = None,
) -> int:
    """导入登记数据。有整个文件被拒绝时退出码为 1；个别行被退回不算失败。

    示例：
    patentdock import patents 登记簿.xlsx --dry-run
    patentdock import patents 登记簿.xlsx --source 省台账
    """
    runtime = ready_runtime()
    _check_free(runtime, save_as, files)
    mapping = _mapping(runtime, source, mapping_file)
    reports: list[ImportReport] = []
    refused: list[dict[str, str | None]] = []
    for path in files:
        try:
            reports.append(_run_import(runtime, path, kind.value, dry_run=dry_run, mapping=mapping))
        except PatentDockError as found:
            error = _explained(runtime, found)
            refused.append({"file": path.name, "message": error.message, "hint": error.hint})
            print_error(f"{path.name} 未导入：{error.message}", error.hint)
            continue
        if not as_json:
            print_report(reports[-1], dry_run=dry_run)
        if save_as is not None:
            note(
                f"列对应关系已保存到 {_save_mapping(runtime, save_as, reports[-1])}，可编辑后用 --source {save_as} 导入"
            )
    if as_json:
        print_json(_summary(kind.value, reports, refused, dry_run))
    elif reports and not dry_run and kind_of(kind).searched:
        seconds, most = runtime.settings.follow_seconds, runtime.settings.recent_limit
        soon = f"约 {seconds:g} 秒后可检索。一次超过 {most} 条时请运行 patentdock reindex"
        note(f"已导入的数据{soon if seconds and most else '在运行 patentdock reindex 后可检索'}")
    return 1 if refused else 0


def _explained(runtime: Runtime, error: PatentDockError) -> PatentDockError:
    """The error, of a busy database with what is being done."""
    if not isinstance(error, Busy):
        return error
    from service.installation import busy

    return busy.explained(runtime, error)


def _summary(
    kind: str, reports: list[ImportReport], refused: list[dict[str, str | None]], dry_run: bool
) -> dict[str, Any]:
    totals = {name: sum(getattr(report, name) for report in reports) for name in COUNTS}
    files = [report_as_json(report) for report in reports]
    return {"kind": kind, "dry_run": dry_run, **totals, "files": files, "refused": refused}


def reindex(as_json: Json = False) -> None:
    """重建索引：只对新增或改动过的文本计算向量，完成后统一启用新索引。

    示例：
    patentdock reindex
    """
    from service.installation.indexing import rebuild

    runtime = ready_runtime()
    with step_progress() as progress:
        result = rebuild(runtime, progress)
    if as_json:
        print_json(asdict(result))
        return
    report = result.build
    print(
        f"索引 {report.name} 已启用：专利 {report.patents} 件，需求 {report.needs} 条；"
        f"新计算向量 {report.embedded}，复用 {report.reused}；用时 {report.seconds:.1f} 秒"
    )
    if result.assigned.needs or result.assigned.patents:
        print(
            f"由文本推断产业：专利 {result.assigned.patents} 件，需求 {result.assigned.needs} 条（标注“推断”）"
        )


def demo_load(
    force: Annotated[bool, typer.Option("--force", help="系统中已有正式数据时仍然载入")] = False,
    as_json: Json = False,
) -> None:
    """载入演示数据（虚构，处处标明“演示数据”）；可重复运行。系统中已有正式数据时拒绝。

    示例：
    patentdock demo load
    """
    import demo
    from catalog.registers import demonstration

    runtime = ready_runtime()
    if not force:
        with runtime.database.read() as session:
            demonstration.refuse_mixture(session)
    reports = {kind: _run_import(runtime, demo.path(kind), kind, is_demo=True) for kind in demo.kinds()}
    if as_json:
        print_json({kind: report_as_json(report) for kind, report in reports.items()})
        return
    for kind, report in reports.items():
        print(
            f"{KIND_NAMES[kind]}：新增 {report.new}，更新 {report.changed}，未变更 {report.unchanged}", end=""
        )
        print(f"，退回 {report.rejected}" if report.rejected else "", end="")
        print(f"，待决定 {report.waiting}" if report.waiting else "")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    app.command("import", cls=command, rich_help_panel=Panel.DATA)(import_files)
    app.command("reindex", cls=command, rich_help_panel=Panel.RUNNING)(reindex)
    demo = typer.Typer(cls=group, help="演示数据：载入", no_args_is_help=True)
    demo.command("load", cls=command)(demo_load)
    # A group of one command: without a callback the library would fold the command into the group.
    demo.callback()(lambda: None)
    app.add_typer(demo, name="demo", rich_help_panel=Panel.DATA)
