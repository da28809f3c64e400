"""Commands on saved mappings (列对应关系) of sources: list, show, remove."""

from __future__ import annotations

from typing import Annotated

import typer

from catalog.kit.errors import PatentDockError
from service.cli.terminal.help import Panel
from service.cli.terminal.output import print_json, print_table
from service.cli.terminal.runtime import any_runtime

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
Source = Annotated[str, typer.Argument(help="来源名称", metavar="来源")]


def mappings_list(as_json: Json = False) -> None:
    """列出已保存的列对应关系及其文件。

    示例：
    patentdock mappings list
    """
    from ingestion.columns import mappings
    from ingestion.kinds.kinds import KIND_NAMES

    folder = any_runtime().settings.mappings_dir
    rows: list[dict[str, str]] = []
    for name in mappings.names(folder):
        row = {"source": name, "kind": "", "columns": "", "file": str(mappings.path_of(folder, name))}
        try:
            saved = mappings.load(folder, name)
            row |= {"source": saved.source, "kind": saved.kind, "columns": "、".join(saved.columns)}
        except PatentDockError as error:
            row["problem"] = error.message
        rows.append(row)
    if as_json:
        print_json(rows)
    elif not rows:
        print("尚未保存列对应关系；导入时加 --save-mapping 来源 即可保存")
    else:
        print_table(
            ["来源", "类型", "字段", "文件"],
            [
                [
                    row["source"],
                    KIND_NAMES.get(row["kind"], ""),
                    row.get("problem") or row["columns"],
                    row["file"],
                ]
                for row in rows
            ],
        )


def mappings_show(source: Source, as_json: Json = False) -> None:
    """显示一个来源的列对应关系（TOML，可直接编辑其文件）。

    示例：
    patentdock mappings show 省台账
    """
    from ingestion.columns import mappings

    folder = any_runtime().settings.mappings_dir
    saved = mappings.load(folder, source)
    path = mappings.path_of(folder, source)
    if as_json:
        print_json(
            {
                "source": saved.source,
                "kind": saved.kind,
                "optional": saved.optional,
                "columns": dict(saved.columns),
            }
            | {"file": str(path)}
        )
        return
    print(f"# {path}")
    print(path.read_text(encoding="utf-8-sig"), end="")


def mappings_remove(source: Source) -> None:
    """删去一个来源的列对应关系；已导入的数据不受影响。

    示例：
    patentdock mappings remove 省台账
    """
    from ingestion.columns import mappings

    path = mappings.remove(any_runtime().settings.mappings_dir, source)
    print(f"已删去 {path}")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="列对应关系：列出、查看、删去", no_args_is_help=True)
    sub.command("list", cls=command)(mappings_list)
    sub.command("show", cls=command)(mappings_show)
    sub.command("remove", cls=command)(mappings_remove)
    app.add_typer(sub, name="mappings", rich_help_panel=Panel.DATA)
