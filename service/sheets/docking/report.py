"""The report (总结报告) of an activity, by segment and area; intentions (意向) and contracts (签约) are never added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.docking.reporting.figures import intentions
from catalog.docking.terms import MeetingState, OutcomeResult, PartyRole
from catalog.kit.money import in_wan
from catalog.kit.terms import FeedbackReason
from service.sheets.docking.grid import A3, GridCell, GridColumn, GridSheet, to_workbook
from service.sheets.docking.letters import day_text, demo_mark, sign_off
from service.sheets.docking.programme import MeetingEntry, PrintedProgramme
from service.sheets.docking.word import WordPaper
from service.sheets.fees import wan

APART = "意向金额与签约金额分别统计，不相加。同一企业与同一专利权人只计一组意向，以最近一次为准；签约以登记的交易为准，一笔交易只计一次。"
_COUNTED = (
    "会谈", "已举行", "有意向", "签约意向", "继续洽谈", "无意向", "意向（组）", "意向金额（万元）", "签约（笔）", "签约金额（万元）",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResultTally:
    """The results of some meetings; amounts in yuan."""

    meetings: int
    held: int
    results: dict[OutcomeResult, int]
    intentions: int
    intended: Decimal
    contracts: int
    contracted: Decimal

    @property
    def cells(self) -> list[int | Decimal]:
        """The figures in the order of `_COUNTED`."""
        order = (
            OutcomeResult.INTERESTED,
            OutcomeResult.SIGNING,
            OutcomeResult.CONTINUING,
            OutcomeResult.NONE,
        )
        results = [self.results.get(one, 0) for one in order]
        amounts = wan(self.intended) or Decimal(0), wan(self.contracted) or Decimal(0)
        return [self.meetings, self.held, *results, self.intentions, amounts[0], self.contracts, amounts[1]]


def tally(entries: Iterable[MeetingEntry]) -> ResultTally:
    """Counts meetings, intentions (a pair once) and contracts (a deal once)."""
    found = list(entries)
    noted = [one.outcome for one in found if one.outcome]
    intended = intentions((one.pair, one.outcome) for one in found)
    deals = {one.deal.id: one.deal for one in found if one.deal}
    return ResultTally(
        meetings=len(found),
        held=sum(one.state is MeetingState.HELD for one in found),
        results={result: sum(one.result == result for one in noted) for result in OutcomeResult},
        intentions=len(intended),
        intended=_total(one.amount_in_view for one in intended),
        contracts=len(deals),
        contracted=_total(one.contract_amount for one in deals.values()),
    )


def _total(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((one or Decimal(0) for one in amounts), Decimal(0))


def by(entries: Sequence[MeetingEntry], key: Callable[[MeetingEntry], str]) -> list[tuple[str, ResultTally]]:
    """The figures by a key of the meetings, in its order, with the total below."""
    groups: dict[str, list[MeetingEntry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return [*((name, tally(found)) for name, found in sorted(groups.items())), ("合计", tally(entries))]


def _region(entry: MeetingEntry) -> str:
    return entry.region


def _segment(entry: MeetingEntry) -> str:
    return entry.segment


def report(programme: PrintedProgramme) -> bytes:
    """The report as Word."""
    activity, entries = programme.activity, programme.entries
    paper = WordPaper("总结报告", activity.name, landscape=True)
    paper.page(f"{activity.name}总结报告")
    demo_mark(paper, activity)
    paper.heading("一、基本情况")
    paper.facts(_basics(programme))
    paper.heading("二、对接结果")
    paper.text(_summary(tally(entries)), indented=True)
    paper.text(APART, indented=True)
    for heading, first, key in (
        ("三、按地区", "地区", _region),
        ("四、按产业细分领域", "产业细分领域", _segment),
    ):
        paper.heading(heading)
        paper.table([first, *_COUNTED], _lines(by(entries, key)), [3.6, *[1.6] * len(_COUNTED)], size=9)
    paper.heading("五、无意向的原因")
    reasons = _reasons(entries)
    paper.text("；".join(f"{name} {count} 场" for name, count in reasons) or "无", indented=True)
    paper.heading("六、后续工作")
    _next_steps(paper, entries)
    sign_off(paper, programme)
    return paper.to_bytes()


def _basics(programme: PrintedProgramme) -> list[tuple[str, str]]:
    activity = programme.activity
    days = "至".join(dict.fromkeys(day_text(one) for one in (activity.starts_on, activity.ends_on) if one))
    roles = [
        f"{role.label} {count} 家"
        for role in PartyRole
        if (count := sum(one.role == role for one in programme.coming))
    ]
    entries = programme.entries
    needs = {one.meeting.need_id for one in entries if one.meeting.need_id}
    patents = {one.meeting.patent_id for one in entries if one.meeting.patent_id}
    return [
        ("时间和地点", f"{days}　{activity.venue}"),
        ("主办单位", activity.host or "未填写"),
        ("片区和领域", f"{activity.area or '未填写'}；{activity.field or '未填写'}"),
        ("参会单位", "，".join(roles) or "未登记"),
        ("需求和专利", f"涉及技术需求 {len(needs)} 项，专利 {len(patents)} 件"),
    ]


def _summary(found: ResultTally) -> str:
    results = "，".join(f"{result.label} {found.results.get(result, 0)} 场" for result in OutcomeResult)
    return (
        f"安排会谈 {found.meetings} 场，已举行 {found.held} 场。{results}。"
        f"达成意向 {found.intentions} 组，意向金额 {in_wan(found.intended)}；"
        f"签约 {found.contracts} 笔，签约金额 {in_wan(found.contracted)}。"
    )


def _lines(found: Sequence[tuple[str, ResultTally]]) -> list[list[str]]:
    return [
        [name, *(f"{cell:f}" if isinstance(cell, Decimal) else str(cell) for cell in one.cells)]
        for name, one in found
    ]


def _reasons(entries: Sequence[MeetingEntry]) -> list[tuple[str, int]]:
    """The reasons why nothing came of meetings, the commonest first."""
    noted = [one.outcome.reason for one in entries if one.outcome and one.outcome.reason]
    counts = [(reason.label, noted.count(reason)) for reason in FeedbackReason if reason in noted]
    return sorted(counts, key=lambda one: -one[1])


def _next_steps(paper: WordPaper, entries: Sequence[MeetingEntry]) -> None:
    rows = [
        [
            str(one.meeting.id), one.meeting.firm, one.meeting.team, one.outcome.next_step, one.outcome.responsible,
            str(one.outcome.due or ""),
        ]
        for one in entries
        if one.outcome and one.outcome.next_step
    ]  # fmt: skip
    if rows:
        paper.table(
            ["会谈编号", "企业", "团队", "下一步工作", "责任人", "完成期限"],
            rows,
            [1.4, 4, 4, 5, 2, 2],
            size=9,
        )
    else:
        paper.text("对接结果未列出下一步工作。", indented=True)


def figures(programme: PrintedProgramme) -> bytes:
    """The figures of the report as Excel, with every meeting on a sheet of its own."""
    entries, name = programme.entries, programme.activity.name
    counted = tuple(GridColumn(heading, 14) for heading in _COUNTED)
    sheets = [
        GridSheet(
            sheet, f"{name}　{sheet}", (GridColumn(first, 34), *counted), _figure_rows(by(entries, key))
        )
        for sheet, first, key in (("按地区", "地区", _region), ("按产业细分领域", "产业细分领域", _segment))
    ]
    reasons = (GridColumn("无意向的原因", 24), GridColumn("场数", 10))
    sheets.append(GridSheet("无意向的原因", f"{name}　无意向的原因", reasons, _reasons(entries)))
    sheets.append(
        GridSheet("会谈明细", f"{name}　会谈明细", _DETAILS, [_detail(one) for one in entries], paper=A3)
    )
    sheets.append(GridSheet("说明", f"{name}　说明", (GridColumn("说明", 90),), [(APART,), (_BASIS,)]))
    return to_workbook(sheets)


_BASIS = "地区和产业细分领域以需求为准；一项需求归入几个细分领域的，计入其第一个。"
_DETAILS = (
    GridColumn("会谈编号", 9), GridColumn("地区", 14), GridColumn("产业细分领域", 26), GridColumn("企业", 28), GridColumn("团队", 28),
    GridColumn("需求", 28), GridColumn("专利", 34), GridColumn("会谈状态", 10), GridColumn("对接结果", 11),
    GridColumn("无意向的原因", 14), GridColumn("拟合作方式", 12), GridColumn("意向金额（万元）", 14), GridColumn("交易编号", 16),
    GridColumn("签约金额（万元）", 14),
)  # fmt: skip


def _figure_rows(found: Sequence[tuple[str, ResultTally]]) -> list[Sequence[GridCell]]:
    return [(name, *one.cells) for name, one in found]


def _detail(entry: MeetingEntry) -> Sequence[GridCell]:
    one, noted, deal = entry.meeting, entry.outcome, entry.deal
    result = (
        (noted.result.label, noted.reason and noted.reason.label, noted.form and noted.form.label)
        if noted
        else ("", "", "")
    )
    return (
        one.id, entry.region, entry.segment, one.firm, one.team, entry.topic, entry.subject, one.state_name, *result,
        wan(noted.amount_in_view) if noted else None, deal.code if deal else "", wan(deal.contract_amount) if deal else None,
    )  # fmt: skip
