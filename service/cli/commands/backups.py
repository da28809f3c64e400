"""Commands for backups, for restoring them, and for moving to another database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.kit.errors import InvalidInput, PatentDockError
from service.cli.terminal.help import Panel
from service.cli.terminal.output import note, print_error, print_json, print_table, step_progress
from service.cli.terminal.runtime import any_runtime, ready_runtime

if TYPE_CHECKING:
    from service.backup.kept import KeptBackup
    from service.installation.settings import Settings

Folder = Annotated[
    Path | None,
    typer.Argument(
        help="存放备份的文件夹；缺省为 PATENTDOCK_BACKUP_DIR", metavar="[文件夹]", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]


def _chosen(folder: Path | None, settings: Settings) -> Path:
    if chosen := folder or settings.backup_dir:
        return chosen
    raise InvalidInput("没有指定存放备份的文件夹", hint="请写明文件夹，或设置 PATENTDOCK_BACKUP_DIR")


def backup(
    folder: Folder = None,
    no_index: Annotated[
        bool, typer.Option("--no-index", help="不包括索引；恢复后用 patentdock reindex 重建")
    ] = False,
    all_generations: Annotated[
        bool, typer.Option("--all-generations", help="包括保留的全部索引版本，不只是使用中的")
    ] = False,
    copy: Annotated[bool, typer.Option("--copy", help="全部复制，不与数据目录、上一份备份共用文件")] = False,
    as_json: AsJson = False,
) -> None:
    """备份：数据库、索引、证明材料、规则文件等，写入文件夹下的一个新文件夹。

    服务、导入、夜间批处理可以照常运行。语义模型不在其中。备份含接口密钥的校验值与联系人，请妥善保管。

    示例：
    patentdock backup /mnt/backup
    """
    from service.backup.making import BackupOptions, make

    runtime = ready_runtime()
    chosen = _chosen(folder, runtime.settings)
    options = BackupOptions(index=not no_index, all_generations=all_generations, links=not copy)
    with step_progress() as progress:
        made = make(runtime, chosen, options, progress)
    if as_json:
        summary = made.model_dump(mode="json", exclude={"files"})
        print_json(
            summary | {"folder": str(chosen / made.name), "files": len(made.files), "bytes": made.size}
        )
        return
    for remark in made.remarks:
        note(remark)
    print(
        f"已备份到 {chosen / made.name}：记录 {sum(made.database.rows.values())} 行，"
        f"文件 {len(made.files)} 个，{made.size / 1024**2:.1f} MB"
    )


def restore(
    folder: Annotated[Path, typer.Argument(help="一份备份的文件夹", metavar="备份文件夹")],
) -> None:
    """恢复：把一份备份恢复到空的数据目录（PostgreSQL 还须是空的数据库）。

    恢复前后都校验；数据库结构较旧的一并升级。中断的，再运行一次即从头恢复。

    示例：
    patentdock restore /mnt/backup/20261201-013512-204
    """
    from service.backup.restoring import restore as restored

    runtime = any_runtime()
    with step_progress() as progress:
        done = restored(runtime, folder, progress)
    print(
        f"已恢复 {done.made_at.astimezone():%Y-%m-%d %H:%M} 的备份：记录 {sum(done.database.rows.values())} 行，"
        f"文件 {len(done.files)} 个。数据目录：{runtime.settings.data.absolute()}"
    )
    if not done.generations:
        print("备份中没有索引：请运行 patentdock reindex 重建")
    if done.model:
        print(f"索引所用的语义模型：{done.model.name}（{done.model.fingerprint[:12]}）；须与本机的一致")


def backups_list(folder: Folder = None, as_json: AsJson = False) -> None:
    """列出文件夹中的备份，最新的在前。

    示例：
    patentdock backups list /mnt/backup
    """
    from service.backup import kept

    found = kept.listed(_chosen(folder, any_runtime().settings))
    if as_json:
        print_json([_as_dict(one) for one in found])
        return
    headings = ["备份", "时间", "程序", "数据库", "记录行数", "索引版本", "大小"]
    print_table(headings, [_as_row(one) for one in found])


def _as_dict(one: KeptBackup) -> dict[str, object]:
    manifest = one.manifest
    facts = manifest.model_dump(mode="json", exclude={"files", "name"}) if manifest else {}
    return {"name": one.folder.name, "readable": manifest is not None, **facts}


def _as_row(one: KeptBackup) -> list[object]:
    manifest = one.manifest
    if manifest is None:
        return [one.folder.name, "清单已损坏", *["—"] * 5]
    return [
        one.folder.name,
        f"{manifest.made_at.astimezone():%Y-%m-%d %H:%M}",
        manifest.program_version,
        manifest.database.kind,
        sum(manifest.database.rows.values()),
        "、".join(manifest.generations) or "—",
        f"{manifest.size / 1024**2:.1f} MB",
    ]


def backups_verify(folder: Folder = None) -> int:
    """校验一份备份，或一个文件夹中的全部备份：校验值、数据库、索引。有损坏的，退出码为 1。

    示例：
    patentdock backups verify /mnt/backup/20261201-013512-204
    """
    from service.backup import backup_manifest
    from service.backup.verifying import verify

    settings = any_runtime().settings
    chosen = _chosen(folder, settings)
    wanted = [chosen] if backup_manifest.is_backup(chosen) else list(backup_manifest.finished(chosen))
    if not wanted:
        raise InvalidInput(f"{chosen} 中没有完整的备份", hint="请指定存放备份的文件夹或其中的一份")
    damaged = 0
    for one in wanted:
        try:
            with step_progress() as progress:
                manifest = verify(one, settings.pg_bin, progress)
            print(
                f"{one} 完好：记录 {sum(manifest.database.rows.values())} 行，文件 {len(manifest.files)} 个"
            )
        except PatentDockError as error:
            damaged += 1
            print_error(error.message, error.hint)
    return 1 if damaged else 0


def move_database(
    url: Annotated[str, typer.Argument(help="目标数据库的地址，须是空的数据库", metavar="地址")],
) -> None:
    """搬迁数据库：SQLite 与 PostgreSQL 之间互搬，原数据库不变。

    全部表在一个事务中复制，逐表核对行数与内容。其间不能写入，请先停止服务。

    示例：
    patentdock move-database postgresql://patentdock@localhost/patentdock
    """
    from catalog.db import Database
    from catalog.dumps.moving import move

    runtime = any_runtime()
    target = Database(url, runtime.settings.lock_seconds)
    with step_progress() as progress:
        rows = move(runtime.database, target, progress)
    target.dispose()
    print(f"已搬迁 {len(rows)} 张表，{sum(rows.values())} 行，逐表核对无误")
    print("下一步：把 PATENTDOCK_DATABASE_URL 设为这个地址，再启动服务；原数据库保持原样，确认无误后自行移走")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    app.command("backup", cls=command, rich_help_panel=Panel.RUNNING)(backup)
    app.command("restore", cls=command, rich_help_panel=Panel.RUNNING)(restore)
    sub = typer.Typer(cls=group, help="备份：列出、校验", no_args_is_help=True)
    sub.command("list", cls=command)(backups_list)
    sub.command("verify", cls=command)(backups_verify)
    app.add_typer(sub, name="backups", rich_help_panel=Panel.RUNNING)
    app.command("move-database", cls=command, rich_help_panel=Panel.RUNNING)(move_database)
