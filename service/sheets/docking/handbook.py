"""The handbook (对接手册): one page a meeting, with what both sides may see of each other."""

from __future__ import annotations

from assessment.eligibility.gate import JudgedEligibility
from assessment.eligibility.table import Effect
from catalog.supply.patents_shown import PatentPublic
from service.sheets.docking.letters import day_text, demo_mark
from service.sheets.docking.programme import MeetingEntry, PrintedProgramme
from service.sheets.docking.word import WordPaper

_FIELDS = {"title": "名称", "abstract": "摘要", "first_claim": "权利要求"}
_SHORTEST_ABSTRACT, _LONGEST_ABSTRACT, _LONGEST_QUOTE, _MOST_LINES = 60, 260, 110, 3
_MOST_QUESTIONS = 4
_PAGE = 750
"""Characters of running text that a page holds; the abstract gives way to the rest."""
_NO_TERMS = "未发布开放许可声明，许可或转让条件由双方商谈"


def handbook(programme: PrintedProgramme) -> bytes:
    """A page for each meeting, in the order of time."""
    paper = WordPaper("对接手册", f"{programme.activity.name}　对接手册")
    for entry in programme.entries:
        _page(paper, programme, entry)
    return paper.to_bytes()


def _page(paper: WordPaper, programme: PrintedProgramme, entry: MeetingEntry) -> None:
    one = entry.meeting
    paper.page(f"会谈 {one.id}：{one.firm} — {one.team}", size=14)
    demo_mark(paper, programme.activity)
    paper.centred(f"{day_text(one.day)} {one.clock}　{one.table} 号桌　{one.room}")
    paper.heading("需求")
    paper.facts(_need(entry))
    paper.heading("专利")
    paper.facts(_patent(entry.patent, _room(entry)))
    if entry.quotes:
        paper.heading("专利中与需求有关的内容（原文摘录）")
        for quote in entry.quotes:
            paper.text(
                f"【{_FIELDS.get(quote.field, quote.field)}】“{_cut(quote.sentence, _LONGEST_QUOTE)}”",
                indented=True,
            )
    paper.heading("许可条件和资格")
    paper.facts([("许可条件", _terms(entry)), ("开放许可资格", _verdict(entry.verdict))])
    paper.heading("待商谈和核实的问题")
    questions = enumerate(open_questions(entry), 1)
    paper.text("\n".join(f"{number}. {text.rstrip('。')}。" for number, text in questions))


def _need(entry: MeetingEntry) -> list[tuple[str, str]]:
    if entry.need is None:
        return [("需求名称", entry.topic)]
    need = entry.need
    field, region = need.need_field or "未填写", need.need_region or "未填写"
    return [("需求名称", need.need_title), ("行业和地区", f"{field}；{region}")]


def _room(entry: MeetingEntry) -> int:
    """The number of characters of the abstract that the page has room for."""
    quotes = [quote.sentence[:_LONGEST_QUOTE] for quote in entry.quotes]
    others = [
        *quotes,
        _terms(entry),
        _verdict(entry.verdict),
        *open_questions(entry),
        entry.topic,
        entry.subject,
    ]
    return min(_LONGEST_ABSTRACT, max(_SHORTEST_ABSTRACT, _PAGE - sum(map(len, others))))


def _patent(patent: PatentPublic | None, room: int) -> list[tuple[str, str]]:
    if patent is None:
        return [("专利", "未对应具体专利，由双方在会谈中确定")]
    number = patent.application_number or "缺申请号"
    return [
        ("名称", patent.title),
        ("申请号和类型", f"{number}；{patent.kind_name or '类型未填写'}"),
        ("专利权人", "；".join(patent.holders) or "未填写"),
        ("有效性", patent.in_force_name),
        ("摘要", _cut(patent.abstract, room) or "未收录"),
    ]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}……"


def _terms(entry: MeetingEntry) -> str:
    if entry.licence is None:
        return _NO_TERMS
    return f"{entry.licence.terms}（声明{entry.licence.status_name}）"


def _verdict(verdict: JudgedEligibility | None) -> str:
    if verdict is None:
        return "未对应具体专利"
    deciding = [one for one in verdict.grounds if one.effect in (Effect.BLOCKS, Effect.UNKNOWN)]
    shown = (deciding or verdict.grounds)[:_MOST_LINES]
    lines = [f"{one.article}：{one.text}" for one in shown]
    return "\n".join([f"{verdict.verdict_name}（按 {verdict.as_of} 的状态）", *lines])


def open_questions(entry: MeetingEntry) -> list[str]:
    """The questions that the two sides have to settle: what the patentee has to do, what is not known, what was not agreed."""
    patent, found = entry.patent, list(entry.verdict.todo if entry.verdict else ())
    if patent is None:
        return ["会谈所涉的专利。"]
    if patent.in_force is None:
        found.append("专利是否有效，请专利权人提供登记簿副本。")
    if len(patent.holders) > 1:
        found.append("各共有专利权人是否同意许可或转让。")
    if entry.licence is None:
        found.append("合作方式、使用费和支付方式。")
    if not patent.abstract and not patent.first_claim:
        found.append("专利的技术内容，系统未收录摘要和权利要求。")
    return [*found[:_MOST_QUESTIONS], "实施专利需要的技术指导、样机和后续开发。"]
