"""The command on the factors beside relevance (对接因素)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.terminal.options import option
from service.cli.terminal.output import export_rules, print_json, print_table
from service.cli.terminal.runtime import any_runtime

if TYPE_CHECKING:
    from matching.ranking.factor_rules import Factor, FactorRules


def factors(
    export: Annotated[Path | None, option("把规则写入此文件，修改后放到数据目录下即生效", "文件")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出")] = False,
) -> None:
    """查看或导出对接因素：使匹配结果略微靠前或靠后的六项及其最大金额。"""
    from matching.ranking.factor_rules import Factor, load, source

    data_dir = any_runtime().settings.data
    rules = load(data_dir)
    if export is not None:
        export_rules(source(data_dir), data_dir, export, "，全部设为 0 即纯按相关度排序")
        return
    if as_json:
        print_json(rules.model_dump(mode="json"))
        return
    print(f"对接因素（版本 {rules.version}）：得分 ＝ 相关度 ＋ 各因素金额")
    print_table(
        ["因素", "最大金额", "怎样计"],
        [[factor.label, f"{rules.weight(factor):+g}", _meaning(factor, rules)] for factor in Factor],
    )


def _meaning(factor: Factor, rules: FactorRules) -> str:
    kinds = rules.holder_kind
    meanings = {
        "segment": "需求与专利有共同的产业细分领域",
        "region": f"同在一地级市；同省不同市乘 {rules.region.province:g}",
        "licence": "建立索引时有公告中的开放许可声明",
        "term": f"剩余保护期不足 {rules.term.below_years:g} 年，按所缺的比例",
        "dormancy": "盘点筛选判为沉睡，按潜力分的比例",
        "holder_kind": f"第一专利权人：高校 {kinds.university:g}、科研院所 {kinds.institute:g}、医疗机构 {kinds.hospital:g}、"
        f"国企 {kinds.state_owned:g}、企业 {kinds.company:g}、个人 {kinds.person:g}",
    }
    return meanings[factor.value]


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add this command to the command line."""
    app.command("factors", cls=command)(factors)
