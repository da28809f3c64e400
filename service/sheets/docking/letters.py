"""Letters and forms to be signed (函件): the invitation with its reply sheet, the letter of intent, the satisfaction sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from catalog.docking.invitations import InvitationPublic
from catalog.docking.shown import ActivityPublic, SessionPublic
from catalog.docking.terms import MeetingState, OutcomeForm, OutcomeResult, PartyRole
from catalog.kit.money import in_wan
from service.sheets.docking.programme import MeetingEntry, PrintedProgramme
from service.sheets.docking.word import BOX, WordPaper

TICKED = "☑"
DEMO = "演示数据，内容为虚构"
_QUESTIONS = (
    "活动的组织与服务",
    "会谈对象与本单位需要的相符程度",
    "会谈的时间长短与间隔",
    "对接手册等材料的参考价值",
    "场地与桌位安排",
)
_MARKS = ("很满意", "满意", "一般", "不满意")
_NOT_BINDING = (
    "本意向书表明双方的合作意愿，不构成专利转让、许可或者其他合同，双方的权利义务以另行签订的合同为准。",
    "双方对洽谈中知悉的对方商业秘密和未公开的技术资料承担保密义务，保密义务不因本意向书失效而终止。",
    "本意向书一式三份，双方各执一份，主办方留存一份。",
)


def day_text(day: date) -> str:
    """The day as written in letters.

    >>> day_text(date(2027, 3, 5))
    '2027年3月5日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


def session_line(one: SessionPublic) -> str:
    """The time and place of a session."""
    rooms = "、".join(place.room for place in one.places)
    first, last = one.clocks[0].split("-")[0], one.clocks[-1].split("-")[1]
    return f"第 {one.number} 场{one.name and f'（{one.name}）'}：{day_text(one.day)} {first}-{last}，{rooms}"


def sign_off(paper: WordPaper, programme: PrintedProgramme) -> None:
    """Host and day at the end of a letter."""
    paper.right(programme.activity.host or "主办单位（盖章）")
    paper.right(day_text(programme.today))


def demo_mark(paper: WordPaper, activity: ActivityPublic) -> None:
    """Marks papers of demonstration data."""
    if activity.is_demo:
        paper.centred(DEMO, size=9)


def invitation(programme: PrintedProgramme) -> bytes:
    """A letter to each party, with its reply sheet on a page of its own."""
    activity = programme.activity
    paper = WordPaper("邀请函", activity.name)
    for party in programme.parties:
        paper.page("邀请函", size=22)
        demo_mark(paper, activity)
        _letter(paper, programme, party)
        paper.page("回　执")
        _reply(paper, activity, party)
    return paper.to_bytes()


def _letter(paper: WordPaper, programme: PrintedProgramme, party: InvitationPublic) -> None:
    activity = programme.activity
    first = activity.starts_on
    when = day_text(first) if first else "近期"
    where = f"在{activity.venue}" if activity.venue else ""
    paper.text(f"{party.title}：", size=12)
    paper.text(
        f"为促进专利供需对接，兹定于{when}{where}举办“{activity.name}”，诚邀贵单位以{party.role_name}身份参加。"
        "现将有关事项函告如下。",
        size=12,
        indented=True,
    )
    paper.heading("一、时间和地点")
    for one in activity.sessions:
        paper.text(session_line(one), indented=True)
    paper.heading("二、活动安排")
    minutes = "、".join(dict.fromkeys(str(one.slot_minutes) for one in activity.sessions))
    paper.text(
        f"活动按时段安排一对一会谈，每场 {minutes} 分钟。主办方根据供需匹配情况和各方答复编排日程，并在活动前送达。",
        indented=True,
    )
    _grounds(paper, party)
    paper.text("请填写所附回执，加盖公章后交回主办方。", indented=True)
    sign_off(paper, programme)


def _grounds(paper: WordPaper, party: InvitationPublic) -> None:
    rows = _offers(party)
    if not rows:
        return
    paper.heading("三、与贵单位有关的供需线索")
    if party.role == PartyRole.FIRM:
        paper.table(["贵单位的需求", "匹配的专利", "申请号"], rows, [3, 4, 2.4])
    else:
        paper.table(["贵单位的专利", "匹配的需求", "需求所属行业和地区"], rows, [3, 4, 3])


def _offers(party: InvitationPublic) -> list[list[str]]:
    return [_offer(party, one) for one in party.grounds if one.get("need_title") and one.get("patent_title")]


def _offer(party: InvitationPublic, ground: dict[str, Any]) -> list[str]:
    need, patent = str(ground["need_title"]), str(ground["patent_title"])
    if party.role == PartyRole.FIRM:
        return [need, patent, str(ground.get("application_number") or "缺申请号")]
    return [
        patent,
        need,
        "，".join(str(ground[name]) for name in ("need_field", "need_region") if ground.get(name)),
    ]


def _reply(paper: WordPaper, activity: ActivityPublic, party: InvitationPublic) -> None:
    paper.centred(activity.name, size=12)
    sessions = "\n".join(f"{BOX} {session_line(one)}" for one in activity.sessions)
    wishes = [f"{BOX} {row[1]}" for row in _offers(party)]
    paper.facts(
        [
            ("单位名称", party.title),
            ("是否参加", f"{BOX} 参加　　{BOX} 不参加"),
            ("参加的场次", sessions),
            ("不能参加的时段", "\n"),
            ("希望会谈的对方", "\n".join([*wishes, "其他："])),
            ("不希望会谈的对方", "\n"),
            ("最多会谈场数", ""),
            ("其他说明", "\n"),
        ]
    )
    paper.text("参会人员", bold=True)
    paper.table(["姓名", "职务", "联系电话"], [["", "", ""]] * 4, [2, 3, 3], height=0.8)
    paper.text("“不希望会谈的对方”仅供主办方编排使用，不告知对方。", size=9)
    paper.right("填表人：____________　日期：____年__月__日")


def letters_of_intent(programme: PrintedProgramme) -> bytes:
    """A letter of intent for each meeting, but for those that came to nothing or did not take place."""
    paper = WordPaper("合作意向书", programme.activity.name)
    for entry in intended(programme):
        paper.page("专利合作意向书", size=20)
        demo_mark(paper, programme.activity)
        _intent(paper, programme.activity, entry)
    return paper.to_bytes()


def intended(programme: PrintedProgramme) -> list[MeetingEntry]:
    """The meetings that a letter of intent may follow."""
    return [
        entry
        for entry in programme.entries
        if entry.state is not MeetingState.NO_SHOW
        and not (entry.outcome and entry.outcome.result == OutcomeResult.NONE)
    ]


def _intent(paper: WordPaper, activity: ActivityPublic, entry: MeetingEntry) -> None:
    form = entry.outcome.form if entry.outcome else None
    amount = entry.outcome.amount_in_view if entry.outcome else None
    forms = "　".join(f"{TICKED if one == form else BOX} {one.label}" for one in OutcomeForm)
    holders = "、".join(entry.patent.holders) if entry.patent else ""
    paper.text(f"会谈编号：{entry.meeting.id}　　活动：{activity.name}", size=9)
    paper.facts(
        [
            ("甲方（企业）", entry.meeting.firm),
            ("乙方（专利权人）", entry.meeting.team),
            ("所涉专利", entry.subject + (f"\n专利权人：{holders}" if holders else "")),
            ("所对应的需求", entry.topic),
            ("拟合作方式", forms),
            ("意向金额", in_wan(amount) if amount else f"{BOX} ____________ 万元　　{BOX} 另议"),
            ("有效期", "自双方签字之日起至 ____年__月__日；期满未签订合同的，本意向书失效。"),
        ],
        first=3.6,
    )
    for number, text in zip("一二三", _NOT_BINDING, strict=True):
        paper.text(f"{number}、{text}", indented=True)
    paper.table(
        ["甲方（签字、盖章）", "乙方（签字、盖章）"],
        [["\n\n\n日期：____年__月__日", "\n\n\n日期：____年__月__日"]],
        [1, 1],
    )


def satisfaction(programme: PrintedProgramme) -> bytes:
    """The satisfaction sheet, which every party fills in at the end."""
    activity = programme.activity
    paper = WordPaper("满意度调查表", activity.name)
    paper.page("满意度调查表")
    demo_mark(paper, activity)
    paper.centred(activity.name, size=12)
    roles = "　".join(f"{BOX} {role.label}" for role in PartyRole)
    paper.facts([("单位名称（可不填）", ""), ("参会身份", roles)], first=4.2)
    rows: list[Sequence[str]] = [
        [str(number), text, *[BOX] * len(_MARKS)] for number, text in enumerate(_QUESTIONS, 1)
    ]
    paper.table(["序号", "项目", *_MARKS], rows, [1, 6, *[1.6] * len(_MARKS)], height=1)
    open_ended = ("对会谈对象和议题的意见", "希望主办方后续提供的服务", "对下一次活动的建议")
    paper.facts([(text, "\n\n\n") for text in open_ended], first=4.2)
    return paper.to_bytes()
