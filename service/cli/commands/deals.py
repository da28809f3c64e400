"""Commands on deals (交易) and on statistics by segment (统计)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.terminal.help import Panel
from service.cli.terminal.options import option
from service.cli.terminal.output import note, print_json, print_table
from service.cli.terminal.runtime import ready_runtime

if TYPE_CHECKING:
    from catalog.db import Session
    from catalog.deals.lists import DealFilter
    from service.requests.dealings.deal_lists import SegmentConditions

Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]


Kind = Annotated[str | None, option("交易种类：转让、许可、作价入股、质押", "种类")]
Giver = Annotated[str | None, option("出让方名称（部分）", "名称")]
Taker = Annotated[str | None, option("受让方名称（部分）", "名称")]
Regions = Annotated[list[str] | None, option("地区的代码或名称，可重复", "地区")]
Segments = Annotated[list[str] | None, option("产业细分领域的代码或名称，可重复", "领域")]
Since = Annotated[str | None, option("期间起，如 2026-01-01", "日期")]
Until = Annotated[str | None, option("期间止，如 2026-12-31", "日期")]


def _checked(model: Any, values: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from service.requests.field_problems import InvalidFields, field_problems

    try:
        return model(**{name: value for name, value in values.items() if value not in (None, [])})
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors())) from error


def _filter(session: Session, **values: Any) -> tuple[DealFilter, list[str]]:
    from catalog.kit.errors import InvalidInput
    from catalog.kit.terms import DealKind
    from service.requests.dealings.deal_lists import DealConditions, filter_of
    from service.requests.filters import described

    if values["kind"]:
        try:
            values["kind"] = DealKind.parse(values["kind"])
        except ValueError as error:
            raise InvalidInput(f"--kind：{error}") from error
    wanted = _checked(DealConditions, values)
    return filter_of(session, wanted), described(wanted)


def deals_list(
    kind: Kind = None,
    giver: Giver = None,
    taker: Taker = None,
    region: Regions = None,
    segment: Segments = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="最多列出多少笔", metavar="笔数", min=1, max=200)] = 50,
    as_json: Json = False,
) -> None:
    """列出交易，新近签约的在前。

    示例：
    patentdock deals list --kind 许可 --region 宜昌市 --since 2026-01-01
    """
    from catalog.deals import lists as deal_lists
    from catalog.deals import shown as deals_shown
    from catalog.kit.money import in_wan
    from catalog.kit.paging import ListQuery

    with ready_runtime().database.read() as session:
        where, _ = _filter(
            session, kind=kind, giver=giver, taker=taker, region=region, segment=segment, since=since, until=until
        )  # fmt: skip
        rows = deal_lists.page(session, ListQuery(size=limit), where)
        found = deals_shown.publics(session, rows.rows)
    if as_json:
        print_json({"total": rows.total, "items": [deal.model_dump(mode="json") for deal in found]})
        return
    print_table(
        [
            "编号",
            "合同编号",
            "种类",
            "专利",
            "出让方",
            "受让方",
            "合同金额",
            "到账",
            "签约日",
            "备案日",
            "状态",
        ],
        [
            [
                deal.id,
                deal.code,
                deal.kind_name + (f"（{deal.licence_type_name}）" if deal.licence_type_name else ""),
                len(deal.patents),
                deal.givers[0].name,
                deal.takers[0].name,
                in_wan(deal.contract_amount) if deal.contract_amount is not None else "",
                in_wan(deal.received),
                deal.signed_on,
                deal.filed_on or "",
                deal.status_name,
            ]
            for deal in found
        ],
    )
    note(f"共 {rows.total} 笔")


def deals_export(
    file: Annotated[Path, typer.Argument(help="写入的 Excel 文件", metavar="文件.xlsx")],
    kind: Kind = None,
    giver: Giver = None,
    taker: Taker = None,
    region: Regions = None,
    segment: Segments = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """把交易台账（交易、到账与合计）写入 Excel。

    示例：
    patentdock deals export 台账.xlsx --giver 示例理工大学
    """
    from catalog.deals import lists as deal_lists
    from service.sheets.deals import document_of
    from service.sheets.documents import to_xlsx

    with ready_runtime().database.read() as session:
        where, conditions = _filter(
            session, kind=kind, giver=giver, taker=taker, region=region, segment=segment, since=since, until=until
        )  # fmt: skip
        found = list(deal_lists.every(session, where))
    file.write_bytes(to_xlsx(document_of(found, conditions)))
    print(f"已写入 {file}：交易 {len(found)} 笔")


def statistics_segments(
    region: Regions = None,
    holder: Annotated[str | None, option("专利权人（出让方）名称（部分）", "名称")] = None,
    since: Since = None,
    until: Until = None,
    counting: Annotated[
        str, typer.Option(help="weighted 按权重分摊；each 分别全额、合计不重复", metavar="规则")
    ] = "weighted",
    out: Annotated[Path | None, option("连同明细写入此 Excel 文件", "文件.xlsx")] = None,
    as_json: Json = False,
) -> None:
    """按产业细分领域统计匹配、开放许可声明、交易与金额。

    示例：
    patentdock statistics segments --since 2026-01-01 --out 统计.xlsx
    """
    from catalog.statistics import segments as segment_statistics
    from service.requests.dealings.deal_lists import SegmentConditions, segment_filter
    from service.requests.filters import described
    from service.sheets.documents import to_xlsx
    from service.sheets.segment_sources import workbook
    from service.sheets.segments import HEADINGS, lines_of, rows_of

    values = {"region": region, "holder": holder, "since": since, "until": until, "counting": counting}
    wanted: SegmentConditions = _checked(SegmentConditions, values)
    with ready_runtime().database.read() as session:
        where = segment_filter(session, wanted)
        report = segment_statistics.report(session, where)
        if out is not None:
            out.write_bytes(to_xlsx(workbook(session, where, described(wanted))))
    if as_json:
        print_json(report.model_dump(mode="json"))
        return
    for line in lines_of(report, described(wanted)):
        print(line)
    rows = rows_of(report)
    empty = [row for row in rows[:-1] if not any(row[3:11])]
    print_table(HEADINGS, [["" if c is None else c for c in row] for row in rows if row not in empty])
    if empty:
        print(f"另有 {len(empty)} 个细分领域没有数据")
    if out is not None:
        note(f"已写入 {out}")


def statistics_contracts(
    industry: Annotated[str | None, option("国民经济行业代码或名称；缺省为全部行业", "行业")] = None,
    as_json: Json = False,
) -> None:
    """许可合同的平均金额、年限与提成比例；不超过 20 份时不公布，改用上级行业。

    示例：
    patentdock statistics contracts --industry 3841
    """
    from catalog.kit.money import in_wan
    from catalog.statistics import contracts as contract_statistics
    from service.requests.dealings.fees import industry_of

    with ready_runtime().database.read() as session:
        found = contract_statistics.of_industry(session, industry_of(industry) if industry else None)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    if fixed := found.fixed:
        print(
            f"固定费用（{found.fixed_class_name}）：{fixed.contracts} 份，平均 {in_wan(fixed.average_amount)}，"
            f"{fixed.average_years} 年，每份 {fixed.average_patents} 件专利"
        )
    if royalty := found.royalty:
        print(
            f"提成（{found.royalty_class_name}）：{royalty.contracts} 份，平均为净销售额的 {royalty.average_rate}%"
        )
    for remark in found.notes:
        print(remark)


def register(app: typer.Typer, command: type, group: type) -> None:
    """Add these commands to the command line."""
    deals = typer.Typer(cls=group, help="专利交易：列出、导出", no_args_is_help=True)
    deals.command("list", cls=command)(deals_list)
    deals.command("export", cls=command)(deals_export)
    app.add_typer(deals, name="deals", rich_help_panel=Panel.LICENSING)
    statistics = typer.Typer(cls=group, help="统计：产业细分领域、许可合同", no_args_is_help=True)
    statistics.command("segments", cls=command)(statistics_segments)
    statistics.command("contracts", cls=command)(statistics_contracts)
    app.add_typer(statistics, name="statistics", rich_help_panel=Panel.LICENSING)
