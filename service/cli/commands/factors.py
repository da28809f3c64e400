"""The command on the factors beside relevance (对接因素)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import export_rules, print_json, print_table
from service.cli.terminal.runtime import any_runtime


def factors(
    export: Annotated[Path | None, option("把规则写入此文件，修改后放到数据目录下即生效", "文件")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> None:
    """查看或导出影响排序的六项因素及其分值上限。

    示例：
    patentdock factors
    patentdock factors --export factors.toml
    """
    from matching.ranking.factors import load as load_factors
    from matching.ranking.factors import source

    data_dir = any_runtime().settings.data
    rules = load_factors(data_dir)
    if export is not None:
        export_rules(source(data_dir), data_dir, export, "；分值上限全部设为 0 即仅按相关度排序")
        return
    if as_json:
        print_json(rules.model_dump(mode="json"))
        return
    print(f"影响排序的因素（规则版本 {rules.version}）：得分 ＝ 相关度 ＋ 各因素分值")
    print_table(
        ["因素", "分值上限", "计分方法"],
        [[factor.label, f"{factor.weight:+g}", factor.meaning] for factor in rules.factors.values()],
    )


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add this command to the command line."""
    app.command("factors", cls=command, rich_help_panel=Panel.MATCHING)(factors)
