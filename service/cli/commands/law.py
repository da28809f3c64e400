"""Commands on the tables of the law (法律参数): holidays and annuities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from catalog.kit.days import beijing_today
from service.cli.terminal.help import Panel
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import any_runtime

Table = Annotated[
    str, typer.Argument(help="holidays.csv（放假与调休安排）或 annuities.csv（年费标准）", metavar="表")
]
Target = Annotated[Path, typer.Argument(help="CSV 文件", metavar="文件", show_default=False)]


def law_show(as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False) -> None:
    """查看放假安排（逐年文号）与年费标准的版本，以及尚缺的内容。

    示例：
    patentdock law show
    """

    from catalog.law import tables
    from service.requests.dealings.law import shown

    found = shown(tables.use(any_runtime().settings.data), beijing_today())
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"放假与调休安排（版本 {found.holidays_version}），年费标准（版本 {found.annuities_version}）")
    rows = [[y.year, y.source, y.days_off, y.days_worked] for y in found.holidays]
    print_table(["年份", "通知文号", "放假（天）", "调休上班（天）"], rows)
    for gap in found.missing:
        print(f"尚缺：{gap}")


def law_export(table: Table, file: Target) -> None:
    """把正在使用的表写入文件，供修改：每年增补国务院办公厅的放假通知，或录入补偿期年费。

    示例：
    patentdock law export holidays.csv 放假.csv
    """
    from catalog.law import tables
    from catalog.reference import rule_files
    from service.requests.dealings.law import name_of

    found = tables.text(any_runtime().settings.data, name_of(table))
    rule_files.export_table(found, file)
    print(f"{found.name}（{found.version}）已写入 {file}；修改后用 patentdock law import 启用")


def law_import(table: Table, file: Target) -> None:
    """检查修改后的表并启用；有误时说明在哪一行，原有的表不变。

    示例：
    patentdock law import holidays.csv 放假.csv
    """
    from catalog.law import tables
    from service.requests.dealings.law import name_of

    found = tables.adopt(any_runtime().settings.data, name_of(table), file)
    print(f"{found.name}（{found.version}）已启用")
    note("正在运行的服务重新启动后生效；索引中的有效期在 patentdock reindex 后生效")


def law_reset(table: Table) -> None:
    """恢复默认的表。

    示例：
    patentdock law reset holidays.csv
    """
    from catalog.law import tables
    from service.requests.dealings.law import name_of

    found = tables.reset(any_runtime().settings.data, name_of(table))
    print(f"{found.name} 已恢复默认（{found.version}）")


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    sub = typer.Typer(
        cls=group, help="法律参数：放假安排与年费标准的显示、导出、启用、恢复", no_args_is_help=True
    )
    sub.command("show", cls=command)(law_show)
    sub.command("export", cls=command)(law_export)
    sub.command("import", cls=command)(law_import)
    sub.command("reset", cls=command)(law_reset)
    app.add_typer(sub, name="law", rich_help_panel=Panel.LICENSING)
