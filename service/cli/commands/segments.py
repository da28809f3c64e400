"""Commands on versions of the segment catalogue (产业目录): import, export, compare, put in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.terminal.output import note, print_json, print_table, step_progress
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from catalog.segments.segments import CatalogueEntry
    from ingestion.segments.reclassify import ReclassifyReport
    from service.installation.runtime import Runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
File = Annotated[Path, typer.Argument(help="xlsx 或 csv 文件", metavar="文件", show_default=False)]
Which = Annotated[
    str, typer.Argument(help="目录文件，或已存入的版本", metavar="文件或版本", show_default=False)
]


def segments_versions(as_json: Json = False) -> None:
    """列出已存入的产业目录版本。

    示例：
    patentdock segments versions
    """
    from catalog.segments import segments

    with ready_runtime().database.read() as session:
        rows = [row.model_dump(mode="json") for row in segments.catalogues(session)]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["版本", "名称", "生效日期", "状态", ""],
        [
            [r["version"], r["title"], r["valid_from"], "已核定" if r["official"] else "待官方核定",
             _use(r)]
            for r in rows
        ],
    )  # fmt: skip


def _use(row: dict[str, Any]) -> str:
    if not row["in_use"]:
        return ""
    return "使用中" if row["reclassified_to"] is None else "使用中，重新分类未完成"


def segments_export(
    file: File,
    version: Annotated[
        str | None, typer.Option(help="目录版本；缺省为正在使用的版本", metavar="版本", show_default=False)
    ] = None,
) -> None:
    """把一个产业目录版本写成 xlsx 或 csv 文件，供修改后再导入。

    示例：
    patentdock segments export 产业目录.xlsx
    """
    from catalog.segments import versions as segment_versions
    from ingestion.segments import files as segment_files

    with ready_runtime().database.read() as session:
        entry = segment_versions.entry_of(session, version)
    segment_files.write(file, entry)
    print(f"产业目录 {entry.version} 的 {len(entry.segments)} 个细分领域已写入 {file}")


def segments_import(
    file: File,
    use: Annotated[bool, typer.Option("--use/--no-use", help="导入后启用并重新分类；或只存入不启用")] = True,
    as_json: Json = False,
) -> None:
    """导入一个产业目录版本；同名版本被替换。启用后，由 IPC 或登记行业推断的分类全部重算。

    示例：
    patentdock segments import 产业目录.xlsx --no-use
    """
    from catalog.kit.errors import InvalidInput
    from catalog.segments import segments
    from ingestion.segments import files as segment_files
    from ingestion.segments.reclassify import adopt

    runtime = ready_runtime()
    entry = segment_files.read(file)
    if use:
        with step_progress() as progress:
            report = adopt(runtime.database, entry, lambda done, total: progress("重新分类", done, total))
        _print_report(report, as_json)
        return
    with runtime.database.write() as session:
        if any(row.in_use and row.version == entry.version for row in segments.catalogues(session)):
            raise InvalidInput(
                f"版本 {entry.version} 正在使用，不能只存入不启用",
                hint="请去掉 --no-use，或在文件中改用新的版本号",
            )
        segments.store(session, entry, use=False)
    if as_json:
        print_json({"version": entry.version, "segments": len(entry.segments), "in_use": False})
        return
    print(f"产业目录 {entry.version} 已存入，尚未启用；启用：patentdock segments use {entry.version}")


def segments_use(
    version: Annotated[str, typer.Argument(help="目录版本", metavar="版本", show_default=False)],
    as_json: Json = False,
) -> None:
    """启用一个已存入的产业目录版本，并重新分类。

    示例：
    patentdock segments use HB-2021.1
    """
    from ingestion.segments.reclassify import switch

    with step_progress() as progress:
        report = switch(
            ready_runtime().database, version, lambda done, total: progress("重新分类", done, total)
        )
    _print_report(report, as_json)


def _print_report(report: ReclassifyReport, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    print(
        f"产业目录 {report.version} 已启用：专利 {report.patents} 件，其中 {report.patents_changed} 件改了分类；"
        f"需求 {report.needs} 条，其中 {report.needs_changed} 条改了分类"
    )
    if report.stated or report.from_text:
        print(f"未动的分类：登记的 {report.stated} 条，由文本推断的 {report.from_text} 条", end="")
        print(f"；其中 {report.unknown} 条的领域不在此版本中，请核对" if report.unknown else "")
    note("按领域筛选与统计在运行 patentdock reindex 后使用新的分类")


def segments_diff(
    first: Which,
    second: Annotated[
        str | None,
        typer.Argument(
            help="与之比较的文件或版本；缺省为正在使用的版本", metavar="[文件或版本]", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """比较两个产业目录：增加、删去和改动的细分领域。以第二个（缺省为使用中的版本）为旧，第一个为新。

    示例：
    patentdock segments diff 产业目录.xlsx
    """
    from catalog.segments import versions as segment_versions

    runtime = ready_runtime()
    found = segment_versions.diff(_entry(runtime, second), _entry(runtime, first))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"{found.old_version} → {found.new_version}")
    for label, names in (("增加", found.added), ("删去", found.removed)):
        for name in names:
            print(f"  {label}：{name}")
    for change in found.changed:
        print(f"  改动：{change.code} {change.field}：{change.old or '（空）'} → {change.new or '（空）'}")
    if not (found.added or found.removed or found.changed):
        print("  细分领域没有差别")
    elif not found.changes_classes:
        print("  只改了名称或说明，不影响分类")


def _entry(runtime: Runtime, named: str | None) -> CatalogueEntry:
    from catalog.segments import versions as segment_versions
    from ingestion.segments import files as segment_files

    if named is not None and Path(named).suffix.lower() in (".xlsx", ".xls", ".csv"):
        return segment_files.read(Path(named))
    with runtime.database.read() as session:
        return segment_versions.entry_of(session, named)


COMMANDS: dict[str, Callable[..., None]] = {
    "versions": segments_versions,
    "export": segments_export,
    "import": segments_import,
    "use": segments_use,
    "diff": segments_diff,
}
"""The commands by name; they belong to the group `segments`."""
