"""The fee bench as a sheet (许可费协商参考表) that owner and firm can discuss, in 万元."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from assessment.fees.models import FeeSheet, Method, Plan
from catalog.kit.money import WAN, in_wan, plain
from service.sheets.documents import Cell, PrintedDocument, Section


def wan(value: Decimal | None) -> Decimal | None:
    """The amount in 万元 as a number."""
    return None if value is None else Decimal(plain(value / WAN))


def _rate(value: Decimal | None) -> str:
    return "" if value is None else f"{plain(value)}%"


def document_of(sheet: FeeSheet) -> PrintedDocument:
    """The sheet as a document."""
    return PrintedDocument(
        title="专利许可费协商参考表",
        lines=_head(sheet),
        sections=[
            _methods(sheet.methods),
            _inputs(sheet.methods),
            _basis(sheet),
            _plans(sheet),
            _cash_flow(sheet),
            *([_profits(sheet)] if sheet.forecast else []),
            _annuities(sheet),
        ],
        closing=[*(f"注：{note}" for note in sheet.notes), "许可人（签章）：　　　　　　被许可人（签章）："],
    )


def _head(sheet: FeeSheet) -> list[str]:
    industry = f"{sheet.industry} {sheet.industry_name or ''}" if sheet.industry else "未填"
    return [
        f"专利：{sheet.title or '未填'}　{sheet.application_number or ''}",
        f"许可人：{sheet.licensor or '未填'}　被许可人：{sheet.licensee or '未填'}",
        f"许可年限 {sheet.years} 年，自 {sheet.starts_on} 起；专利 {sheet.patents} 件；"
        f"预期被许可人 {sheet.licensees} 家；行业：{industry}",
        f"{sheet.label}；规则：{sheet.rules_title}（版本 {sheet.rules_version}）",
        *([f"专利权最后有效日：{sheet.patent_ends_on}"] if sheet.patent_ends_on else []),
        *(f"提示：{warning}" for warning in sheet.warnings),
    ]


def _methods(methods: Sequence[Method]) -> Section:
    rows: list[list[Cell]] = [
        [
            f"{m.code} {m.name}",
            wan(m.annual_fee),
            wan(m.suggested_fee),
            _rate(m.royalty_rate),
            _rate(m.profit_rate),
            "；".join(m.formulas) or f"缺少：{'、'.join(m.missing)}",
            "；".join(m.notes),
        ]
        for m in methods
    ]
    headings = [
        "方法",
        "年固定费用（万元）",
        "建议不超过（万元）",
        "净销售额提成",
        "利润提成",
        "算式",
        "提示",
    ]
    return Section("五种方法", headings, rows)


def _inputs(methods: Sequence[Method]) -> Section:
    rows = [[m.code, q.name, q.value, q.source] for m in methods for q in m.inputs]
    return Section("取值与来源", ["方法", "项目", "取值", "来源"], rows)


def _basis(sheet: FeeSheet) -> Section:
    basis = sheet.basis
    rows: list[list[Cell]] = [
        ["依据", basis.origin],
        ["年固定费用", in_wan(basis.annual_fee) if basis.annual_fee is not None else "无"],
        ["净销售额提成比例", _rate(basis.royalty_rate) or "无"],
        ["利润提成比例", _rate(basis.profit_rate) or "无"],
        ["折现率", _rate(sheet.discount)],
        ["发明人分成比例", _rate(sheet.inventor_percent)],
    ]
    return Section("支付方式的基数", ["项目", "取值"], rows, basis.notes)


def _plans(sheet: FeeSheet) -> Section:
    rows: list[list[Cell]] = [
        [
            plan.name,
            wan(plan.total),
            wan(plan.present_value),
            wan(plan.inventor_share),
            wan(plan.owner_net),
            "；".join([*(f"缺少：{m}" for m in plan.missing), *plan.notes]),
        ]
        for plan in sheet.plans
    ]
    headings = [
        "支付方式",
        "合计（万元）",
        "现值（万元）",
        "发明人分成（万元）",
        "许可人所得（万元）",
        "说明与提示",
    ]
    remark = (
        "许可人所得 = 合计 - 直接成本 - 发明人分成 + 年费减缴；"
        f"许可期内年费减缴合计 {in_wan(sheet.annuity_saving)}"
    )
    return Section("支付方式比较", headings, rows, [remark])


def _by_year(sheet: FeeSheet, amounts: Sequence[tuple[Plan, Sequence[Decimal]]]) -> list[list[Cell]]:
    return [[plan.name, *(wan(amount) for amount in values)] for plan, values in amounts if values]


def _cash_flow(sheet: FeeSheet) -> Section:
    headings = ["支付方式", "签约时", *(f"第 {year} 年" for year in range(1, sheet.years + 1))]
    rows = _by_year(sheet, [(plan, plan.payments) for plan in sheet.plans])
    return Section("企业各年付款（万元）", headings, rows)


def _profits(sheet: FeeSheet) -> Section:
    headings = ["项目", "签约时", *(f"第 {year} 年" for year in range(1, sheet.years + 1))]
    sales: list[Cell] = ["预计净销售额", None, *(wan(year.net_sales) for year in sheet.forecast)]
    profit: list[Cell] = ["预计利润", None, *(wan(year.profit) for year in sheet.forecast)]
    after = _by_year(sheet, [(plan, plan.profit_after) for plan in sheet.plans])
    rows = [sales, profit, *([f"付费后利润：{row[0]}", *row[1:]] for row in after)]
    return Section("企业预计与付费后利润（万元）", headings, rows)


def _annuities(sheet: FeeSheet) -> Section:
    rows: list[list[Cell]] = [
        [str(s.due_on), s.patent_year, s.full, s.otherwise, s.payable, s.saving]
        for s in sheet.annuity_savings
    ]
    headings = [
        "应缴日",
        "专利年度",
        "全额（元）",
        "不实行开放许可（元）",
        "开放许可期间（元）",
        "减缴（元）",
    ]
    return Section("许可人的年费减缴", headings, rows)
