"""Documents of declarations (开放许可声明): the public announcement sheet, and the list as a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from catalog.kit.days import beijing_today
from catalog.kit.money import in_wan, plain
from catalog.kit.terms import LicenceStatus
from catalog.licences.rules import VALID, TermsWarning
from catalog.licences.shown import LicencePublic
from service.sheets.documents import Cell, PrintedDocument, Section

TITLES = {
    LicenceStatus.WITHDRAWN: "专利开放许可声明撤回公告",
    LicenceStatus.DRAFT: "专利开放许可声明（草稿）",
}
HOW = (
    "任何单位或者个人有意愿实施的，以书面方式通知专利权人，并依照公告的许可使用费支付方式、标准支付许可使用费后，即获得"
    "专利实施许可（专利法第五十一条第一款）。",
    "实行开放许可的专利权人可以与被许可人就许可使用费进行协商后给予普通许可，但不得就该专利给予独占或者排他许可"
    "（专利法第五十一条第三款）。",
    "被许可人自许可生效之日起三个月内，由专利权人或者被许可人凭能够证明达成许可的书面文件备案（专利法实施细则第十五条第二款、第八十七条）。",
)
HEADINGS = (
    "编号", "申请号", "专利名称", "专利类型", "专利权人", "同意情况", "声明状态", "支付方式", "固定费用（元）", "提成比例（%）", "提成基数",
    "许可使用费说明", "许可期限起", "许可期限止", "许可地域", "技术指导或服务", "评价报告", "联系方式", "声明日", "公告日", "撤回日",
    "已达成许可（件）", "提醒", "备注",
)  # fmt: skip


def announcement(
    licence: LicencePublic, warnings: Sequence[TermsWarning], *, for_public: bool = True
) -> PrintedDocument:
    """The announcement sheet of a declaration; warnings are for the office, not for the public."""
    rows: list[list[Cell]] = [[name, value or "未填写"] for name, value in _facts(licence)]
    sections = [Section("声明内容", ["项目", "内容"], rows)]
    if licence.granted_licences:
        done = f"已达成开放许可 {licence.granted_licences} 件。"
        sections.append(Section("已达成的许可", remarks=[done + VALID]))
    if warnings and not for_public:
        sections.append(Section("提醒", remarks=[f"{w.text}（{w.article}）" for w in warnings]))
    status = LicenceStatus(licence.status)
    closing = [VALID] if status == LicenceStatus.WITHDRAWN else [*HOW, VALID]
    lines = [f"声明状态：{licence.status_name}"]
    if licence.is_demo:
        lines.append("演示数据，内容为虚构")
    return PrintedDocument(TITLES.get(status, "专利开放许可声明公告"), lines, sections, closing)


def _facts(licence: LicencePublic) -> list[tuple[str, str]]:
    consents = "；".join(
        f"{c.holder}：{c.consent_name}" + (f"（{c.on}）" if c.on else "") for c in licence.consents
    )
    report = "，".join(
        part
        for part in (
            licence.report_number,
            f"作出日 {licence.report_on}" if licence.report_on else "",
            licence.report_conclusion_name or "",
        )
        if part
    )
    facts = [
        ("专利号", f"ZL {licence.application_number}"),
        ("发明创造名称", licence.patent_title),
        ("专利类型", licence.patent_kind_name or ""),
        ("专利权人", "；".join(licence.holders)),
        ("专利权人同意情况", consents),
        ("许可使用费支付方式", licence.payment_form_name),
        ("许可使用费标准", _standard(licence)),
        ("许可期限", f"{licence.starts_on or '公告之日'} 至 {licence.ends_on or '未注明'}"),
        ("许可地域", licence.region),
        ("技术指导或服务", licence.know_how or "不提供"),
        ("专利权评价报告", report or ("不需要" if licence.patent_kind_name == "发明" else "")),
        ("联系方式", licence.contact),
        ("声明日", _day(licence.declared_on)),
        ("公告日", _day(licence.published_on)),
    ]
    return [*facts, ("撤回日", _day(licence.withdrawn_on))] if licence.withdrawn_on else facts


def _standard(licence: LicencePublic) -> str:
    parts = []
    if licence.fixed_fee:
        parts.append(f"{plain(licence.fixed_fee)} 元（{in_wan(licence.fixed_fee)}）")
    if licence.instalments:
        parts.append(f"分 {licence.instalments} 期支付")
    if licence.royalty_rate:
        parts.append(f"{licence.royalty_base_name or '（基数见说明）'}的 {plain(licence.royalty_rate)}%")
    if licence.use_first_months:
        parts.append(f"先使用 {licence.use_first_months} 个月")
    stated = "，".join(parts) or ("免费" if licence.payment_form_name == "免费" else "")
    return "。".join(part for part in (stated, licence.fee_text) if part)


def _day(day: date | None) -> str:
    return str(day) if day else ""


def listing(
    licences: Iterable[tuple[LicencePublic, Sequence[TermsWarning]]], conditions: Sequence[str]
) -> PrintedDocument:
    """The list of declarations as a document of one table."""
    rows = [_row(licence, warnings) for licence, warnings in licences]
    lines = [
        f"共 {len(rows)} 份",
        f"条件：{'；'.join(conditions) or '无'}",
        f"导出日期：{beijing_today()}",
        VALID,
    ]
    return PrintedDocument("专利开放许可声明清单", lines, [Section("开放许可声明", HEADINGS, rows)])


def _row(licence: LicencePublic, warnings: Sequence[TermsWarning]) -> list[Cell]:
    facts = dict(_facts(licence))
    return [
        licence.id, licence.application_number, licence.patent_title, licence.patent_kind_name, facts["专利权人"],
        facts["专利权人同意情况"], licence.status_name, licence.payment_form_name, licence.fixed_fee, licence.royalty_rate,
        licence.royalty_base_name, licence.fee_text, _day(licence.starts_on), _day(licence.ends_on), licence.region,
        licence.know_how, facts["专利权评价报告"], licence.contact, facts["声明日"], facts["公告日"], _day(licence.withdrawn_on),
        licence.granted_licences, "；".join(warning.text for warning in warnings), "演示数据" if licence.is_demo else "",
    ]  # fmt: skip
