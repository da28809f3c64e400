"""Commands that match the other way round: likely licensees of a patent, the best chances of a holder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.kit.ids import MAX_ID
from service.cli.terminal.help import Panel
from service.cli.terminal.options import as_options, option
from service.cli.terminal.output import note, print_json
from service.cli.terminal.runtime import ready_runtime
from service.requests.field_problems import InvalidFields, field_problems

if TYPE_CHECKING:
    from matching.reverse.chances import Chance
    from matching.reverse.licensee_results import Licensee

Many = list[str] | None
MinBand = Annotated[str | None, option("匹配程度不低于：高、中、低", "档")]
Json = Annotated[bool, typer.Option("--json", help="以一个 JSON 对象输出，与接口同形")]
Number = Annotated[int, typer.Option("--page", help="第几页", metavar="页", min=1)]
Size = Annotated[int, typer.Option("--size", help="每页多少条（1 至 200）", metavar="条数", min=1, max=200)]


def _id(text: str) -> Any:
    return typer.Argument(help=text, metavar="编号", show_default=False, min=1, max=MAX_ID)


def licensees(
    patent: Annotated[int, _id("专利编号")],
    region: Annotated[Many, option("企业所在省、地级行政区划的代码或名称，可重复")] = None,
    industry: Annotated[Many, option("企业的国民经济行业代码或名称，可重复")] = None,
    title: Annotated[Many, option("资质中的文字，如 专精特新，可重复")] = None,
    min_band: MinBand = None,
    page: Number = 1,
    size: Size = 20,
    as_json: Json = False,
) -> None:
    """一件专利可能的受让、被许可企业：按需求、主要产品、行业、自有专利四部分之和排序，附各部分依据。

    示例：
    patentdock licensees 5 --title 专精特新
    """
    from service.requests.chances import LicenseeQuery, licensees_page

    conditions = {
        "region": region or [],
        "industry": industry or [],
        "title": title or [],
        "min_band": min_band,
    }
    found = _found(LicenseeQuery, licensees_page, patent, {"page": page, "size": size} | conditions)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    for item in found.items:
        _print_licensee(item)
    _end(found, "家企业；得分是参考次序，不是成交概率")


def chances(
    holder: Annotated[int, _id("专利权人编号")],
    segment: Annotated[Many, option("需求的产业细分领域的代码或名称，可重复")] = None,
    region: Annotated[Many, option("需求所在省、地级行政区划的代码或名称，可重复")] = None,
    industry: Annotated[Many, option("需求的国民经济行业代码或名称，可重复")] = None,
    per_patent: Annotated[int, typer.Option(help="每件专利最多取几条需求（1 至 10）", metavar="条数")] = 3,
    group: Annotated[
        str, typer.Option(help="合并：none 逐件显示，patent 每件专利一条，need 每条需求一件", metavar="方式")
    ] = "none",
    include_ended: Annotated[
        bool, typer.Option("--include-ended", help="包括已失效和尚未授权的专利")
    ] = False,
    dormant: Annotated[
        bool | None, typer.Option("--dormant/--awake", help="只看沉睡（非沉睡）的专利", show_default=False)
    ] = None,
    min_band: MinBand = None,
    page: Number = 1,
    size: Size = 20,
    as_json: Json = False,
) -> None:
    """专利权人的最佳对接机会：名下全部专利与征集中的需求，得分高的在前，附开放许可资格、沉睡与潜力分。

    示例：
    patentdock chances 12 --dormant --group patent
    """
    from service.requests.chances import ChanceQuery, chances_page

    conditions = {
        "segment": segment or [],
        "region": region or [],
        "industry": industry or [],
        "per_patent": per_patent,
        "group": group,
        "include_ended": include_ended,
        "dormant": dormant,
        "min_band": min_band,
    }
    found = _found(ChanceQuery, chances_page, holder, {"page": page, "size": size} | conditions)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print(f"{found.holder_name}：名下专利 {found.patents} 件，参加匹配 {found.matched} 件")
    for item in found.items:
        _print_chance(item)
    _end(found, "个机会")


def _found(query: Any, ask: Any, record_id: int, values: dict[str, Any]) -> Any:
    """The page for these values. Raises InvalidFields under the names of the options."""
    from pydantic import ValidationError

    try:
        return ask(ready_runtime(), record_id, query(**values))
    except ValidationError as error:
        raise as_options(field_problems(error.errors())) from error
    except InvalidFields as error:
        raise as_options(error.fields) from error


def _end(found: Any, what: str) -> None:
    if not found.items:
        print("没有符合条件的结果；请放宽条件。")
    for notice in found.notices:
        note(f"提示：{notice}")
    print(f"第 {found.page} 页，共 {found.total} {what}。索引 {found.generation}，模型 {found.model}")


def _print_licensee(item: Licensee) -> None:
    from matching.reverse.licensee_parts import PARTS

    firm = item.enterprise
    marks = [*firm.titles, firm.prefecture_name, firm.industry_name, "演示数据" if firm.is_demo else None]
    print(f"{item.rank:>3}. {firm.name}（{'，'.join(mark for mark in marks if mark)}）得分 {item.score:.3f}")
    amounts = dict(item.parts)
    for part in PARTS:
        if text := part.line(item):
            print(f"     {part.label} {amounts[part.code]:.3f}：{text}")


def _print_chance(item: Chance) -> None:
    from service.sheets.matches import broken_text

    patent, need, screening = item.patent, item.need, item.patent.screening
    band = f"匹配程度：{item.confidence.band_name}，" if item.confidence else ""
    print(
        f"{item.rank:>3}. {patent.title}（{patent.application_number or '缺申请号'}）{band}得分 {item.score:.3f}"
    )
    firm = f"，{need.enterprise_name}" if need.enterprise_name else ""
    print(f"     需求：{need.title}（{need.code}{firm}）")
    print(f"     开放许可：{item.eligibility.verdict_name}", end="")
    if screening is not None:
        dormant = {True: "沉睡", False: "非沉睡", None: "资料不足"}[screening.dormant]
        print(f"；盘点：{dormant}，潜力分 {screening.potential}", end="")
    print(f"；另有 {item.more} 个机会" if item.more else "")
    if item.exclusions_broken:
        print(f"     排除要求：{broken_text(item.exclusions_broken)}")
    if not patent.in_force:
        print(f"     有效性：{patent.in_force_name}")
    if item.evidence:
        print(f"     依据：{item.evidence[0].sentence}")


def register(app: typer.Typer, command: type, _group: type) -> None:
    """Add these commands to the command line."""
    app.command("licensees", cls=command, rich_help_panel=Panel.MATCHING)(licensees)
    app.command("chances", cls=command, rich_help_panel=Panel.MATCHING)(chances)
