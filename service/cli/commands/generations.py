"""Commands on the generations (索引版本) of the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.terminal.help import Panel
from service.cli.terminal.output import print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from index.generations.generation import GenerationEntry

Name = Annotated[str | None, typer.Argument(help="索引版本的名称", metavar="[名称]", show_default=False)]


def _as_dict(entry: GenerationEntry) -> dict[str, object]:
    manifest = entry.manifest
    return {
        "name": entry.name,
        "in_use": entry.in_use,
        "bytes": entry.bytes,
        "patents": manifest.patents if manifest else None,
        "needs": manifest.needs if manifest else None,
        "model": manifest.model.name if manifest else None,
        "segment_catalogue": manifest.segment_catalogue if manifest else None,
        "finished_at": manifest.finished_at if manifest else None,
    }


def generations_list(as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False) -> None:
    """列出索引版本，最新的在前。

    示例：
    patentdock generations list
    """
    rows = [_as_dict(entry) for entry in ready_runtime().store.entries()]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["索引版本", "状态", "专利", "需求", "模型", "产业目录", "大小"],
        [
            [
                row["name"],
                "使用中" if row["in_use"] else "保留",
                *("—" if row[key] is None else row[key] for key in ("patents", "needs", "model")),
                row["segment_catalogue"] or "—",
                f"{float(str(row['bytes'])) / 1024**2:.1f} MB",
            ]
            for row in rows
        ],
    )


def generations_verify(name: Name = None) -> None:
    """校验一个索引版本；缺省为正在使用的版本。

    示例：
    patentdock generations verify
    """
    from catalog.kit.errors import NotReady

    store = ready_runtime().store
    wanted = name or store.current_name()
    if wanted is None:
        raise NotReady("索引尚未建立", hint="请先导入数据，再运行 patentdock reindex")
    manifest = store.verify(wanted)
    print(f"索引版本 {manifest.name} 完好：专利 {manifest.patents} 件，需求 {manifest.needs} 条")


def generations_rollback(name: Name = None) -> None:
    """退回到指定的或上一个索引版本；运行中的服务随即使用它。

    示例：
    patentdock generations rollback 20261122-045259-578
    """
    from index.generations.build import note_in_catalogue

    runtime = ready_runtime()
    manifest = runtime.store.rollback(name)
    note_in_catalogue(runtime.database, runtime.store)
    print(f"已退回到索引版本 {manifest.name}")


def generations_prune(
    keep: Annotated[int, typer.Option(min=1, help="保留最新的几个版本", metavar="个数")] = 3,
) -> None:
    """清理旧的索引版本；正在使用的版本总是保留。

    示例：
    patentdock generations prune --keep 3
    """
    from index.generations.build import note_in_catalogue

    runtime = ready_runtime()
    removed = runtime.store.prune(keep)
    note_in_catalogue(runtime.database, runtime.store)
    print(f"已清理 {len(removed)} 个索引版本" + (f"：{'、'.join(removed)}" if removed else ""))


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(cls=group, help="索引版本：列出、校验、退回、清理", no_args_is_help=True)
    sub.command("list", cls=command)(generations_list)
    sub.command("verify", cls=command)(generations_verify)
    sub.command("rollback", cls=command)(generations_rollback)
    sub.command("prune", cls=command)(generations_prune)
    app.add_typer(sub, name="generations", rich_help_panel=Panel.RUNNING)
