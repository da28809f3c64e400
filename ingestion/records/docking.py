"""Invitations with answers, and rows of result sheets (对接情况登记表), from the cells of a row."""

from __future__ import annotations

import re

from catalog.docking.stated import InvitationStated, OutcomeRow
from catalog.docking.terms import InvitationAnswer, OutcomeForm, OutcomeResult, PartyRole
from catalog.kit.terms import FeedbackReason, Term
from ingestion.records.fields import Fields, build
from ingestion.values.values import parse_count

_ROLES = (
    ("银行|金融|投资|担保|基金", PartyRole.BANK),
    ("专家", PartyRole.EXPERT),
    ("企业|公司|需求方", PartyRole.FIRM),
)
_TEAMS = re.compile("团队|高校|院所|专利权人|供给方")
_DECLINES, _COMES = re.compile("不|否|谢绝|无法|未能"), re.compile("参加|参会|是|确认|出席|同意")
_RESULTS = (("签约", OutcomeResult.SIGNING), ("无意向|不合适|无合作", OutcomeResult.NONE),
            ("继续|进一步|再洽谈", OutcomeResult.CONTINUING), ("意向", OutcomeResult.INTERESTED))  # fmt: skip
_FORMS = (("开放许可", OutcomeForm.OPEN_LICENCE), ("许可", OutcomeForm.LICENCE), ("转让", OutcomeForm.TRANSFER),
          ("股", OutcomeForm.EQUITY), ("开发|研发|攻关", OutcomeForm.JOINT))  # fmt: skip
_SLOT = re.compile(r"\D*(\d{1,2})\D+(\d{1,2})\D*", re.ASCII)


def invitation(fields: Fields) -> InvitationStated:
    """An invitation with the answer to it. Raises RowError."""
    for role in ("activity_code", "name"):
        if not fields.line(role):
            raise fields.error(role, "", f"缺少{fields.label(role)}")
    return build(
        InvitationStated,
        fields,
        {
            "activity_code": fields.line("activity_code"),
            "role": _role(fields),
            "name": fields.line("name"),
            "team": fields.line("team"),
            "answer": _answer(fields),
            "people": fields.items("people"),
            "sessions": _numbers(fields, "sessions"),
            "absent": _slots(fields),
            "wished": fields.items("wished"),
            "barred": fields.items("barred"),
            "most": fields.parsed("most", parse_count),
            "note": fields.text("note"),
        },
    )


def _role(fields: Fields) -> PartyRole:
    stated = fields.line("role")
    exact = _exact(PartyRole, stated)
    if exact is not None:
        return PartyRole(exact)
    if _TEAMS.search(stated):
        return PartyRole.TEAM
    found = next((role for words, role in _ROLES if re.search(words, stated)), None)
    if found is None:
        allowed = "、".join(role.label for role in PartyRole)
        raise fields.error("role", stated, f"参会身份无法识别，应为：{allowed}")
    return found


def _exact(terms: type[Term], stated: str) -> Term | None:
    return next((one for one in terms if stated in (one.value, one.label)), None)


def _answer(fields: Fields) -> str | None:
    stated = fields.line("answer")
    if not stated or stated in ("未答复", "待定", InvitationAnswer.PENDING.value):
        return None
    exact = _exact(InvitationAnswer, stated)
    if exact is not None:
        return exact.value
    if _DECLINES.search(stated):
        return InvitationAnswer.DECLINED.value
    if _COMES.search(stated):
        return InvitationAnswer.COMING.value
    fields.unread("answer", f"“{stated[:40]}”：答复无法识别，应为参加或不参加")
    return None


def _numbers(fields: Fields, role: str) -> list[int]:
    found = [re.search(r"\d{1,2}", item, re.ASCII) for item in fields.items(role)]
    if not all(found):
        fields.unread(role, f"“{fields.line(role)[:40]}”：场次应为序号，如 1；2")
    return [int(one[0]) for one in found if one]


def _slots(fields: Fields) -> list[str]:
    """Slots as 1-3; a cell that the spreadsheet made a date of is not read."""
    items = fields.items("absent")
    found = [_SLOT.fullmatch(item) for item in items]
    if not all(found):
        fields.unread("absent", f"“{fields.line('absent')[:40]}”：时段应为“场次-时段”，如 1-3")
    return [f"{int(one[1])}-{int(one[2])}" for one in found if one]


def outcome(fields: Fields) -> OutcomeRow:
    """The outcome of a meeting. Raises RowError; without a result the meeting has none yet."""
    number = fields.parsed("meeting_id", parse_count)
    if number is None and not (fields.line("activity_code") and fields.line("firm") and fields.line("team")):
        raise fields.error("meeting_id", "", "缺少会谈编号；没有编号的，应填写活动编号、企业和专利权人")
    result = _result(fields)
    return build(
        OutcomeRow,
        fields,
        {
            "meeting_id": number,
            "activity_code": fields.line("activity_code"),
            "firm": fields.line("firm"),
            "team": fields.line("team"),
            "result": result,
            "reason": _reason(fields, result),
            "form": _form(fields),
            "amount_in_view": fields.amount("amount_in_view") if result != OutcomeResult.NONE else None,
            "people": fields.joined("people"),
            "next_step": fields.line("next_step"),
            "responsible": fields.line("responsible"),
            "due": fields.day("due", future=True),
            "note": fields.text("note"),
        },
    )


def _result(fields: Fields) -> OutcomeResult:
    stated = fields.line("result")
    if not stated:
        raise fields.error("result", "", "未填写对接结果")
    exact = _exact(OutcomeResult, stated)
    found = exact or next((one for words, one in _RESULTS if re.search(words, stated)), None)
    if found is None:
        allowed = "、".join(one.label for one in OutcomeResult)
        raise fields.error("result", stated, f"对接结果无法识别，应为：{allowed}；未到场的请登记到场情况")
    return OutcomeResult(found)


def _reason(fields: Fields, result: OutcomeResult) -> FeedbackReason | None:
    """One of the eight reasons; what is none of them is 其他, with the wording in the note."""
    stated = fields.line("reason")
    if not stated:
        return None
    if result != OutcomeResult.NONE:
        fields.keep("reason")
        return None
    exact = _exact(FeedbackReason, stated)
    found = exact or next((one for one in FeedbackReason if one.label in stated), None)
    if found is None:
        fields.keep("reason", is_read=True)
        return FeedbackReason.OTHER
    return FeedbackReason(found)


def _form(fields: Fields) -> OutcomeForm | None:
    stated = fields.line("form")
    exact = _exact(OutcomeForm, stated)
    found = exact or next((one for words, one in _FORMS if re.search(words, stated)), None)
    if stated and found is None:
        fields.unread("form", f"“{stated[:40]}”：合作方式无法识别")
    return OutcomeForm(found) if found else None
