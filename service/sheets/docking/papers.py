"""The list of papers (纸面材料) of an activity; a line is a paper, with what has to be there before it can be made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from catalog.docking.terms import MeetingState, PartyRole
from catalog.kit.errors import Conflict, NotFound
from service.sheets.docking import calendars, handbook, letters, lists, report, results, timetables
from service.sheets.docking.programme import PrintedProgramme
from service.sheets.documents import DOCX_TYPE, XLSX_TYPE

ICS_TYPE = "text/calendar"
ZIP_TYPE = "application/zip"
MEDIA_TYPES = {"docx": DOCX_TYPE, "xlsx": XLSX_TYPE, "ics": ICS_TYPE}
HOST = "主办方"
EVERYBODY = tuple(PartyRole)
SIDES = (PartyRole.FIRM, PartyRole.TEAM)


class Missing(BaseModel):
    """A message that a paper cannot be made yet, and what to do first."""

    message: str
    hint: str


Require = Callable[[PrintedProgramme], Missing | None]
Build = Callable[[PrintedProgramme], bytes]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper: its Chinese name, format, for whom (the host alone where `roles` is empty), and how it is made.

    A paper `by_party` can be had for one party alone.
    """

    name: str
    format: str
    about: str
    roles: Sequence[PartyRole]
    require: Require
    build: Build
    by_party: bool = False

    @property
    def file_name(self) -> str:
        """The name of the file."""
        return f"{self.name}.{self.format}"


class PaperShown(BaseModel):
    """A paper of an activity as shown to users."""

    name: str = Field(description="名称，取用时写在地址中")
    format: str = Field(description="格式：docx、xlsx、ics")
    about: str = Field(description="内容")
    audience: list[str] = Field(description="供谁使用")
    by_party: bool = Field(description="可只取一个参会方的")
    is_ready: bool = Field(description="现在可以生成")
    missing: str = Field(description="不能生成的原因；可以生成时为空")
    hint: str = Field(description="应先办理的事项；可以生成时为空")


def _anything(_: PrintedProgramme) -> Missing | None:
    return None


def _invited(programme: PrintedProgramme) -> Missing | None:
    if not programme.activity.sessions:
        return Missing(message="尚未填写场次", hint="请先更正活动，填写场次和桌数")
    if not programme.parties:
        return Missing(message="尚未登记邀请", hint="请先登记邀请名单")
    return None


def _coming(programme: PrintedProgramme) -> Missing | None:
    if programme.coming:
        return None
    return _invited(programme) or Missing(message="尚无参会方答复参加", hint="请先登记各方的答复")


def _composed(programme: PrintedProgramme) -> Missing | None:
    if programme.entries:
        return None
    if programme.activity.run is not None:
        return Missing(message="现行日程没有会谈", hint="请调整规则后重新编排")
    return Missing(message="尚未编排日程", hint="请先编排日程，再生成本材料")


def _published(programme: PrintedProgramme) -> Missing | None:
    if programme.published:
        return None
    return _composed(programme) or Missing(message="日程尚未发布", hint="请先发布日程，再生成本材料")


def _intended(programme: PrintedProgramme) -> Missing | None:
    if letters.intended(programme):
        return None
    nothing = Missing(message="没有可签意向书的会谈", hint="各场会谈均为无意向或未到场，请核对对接结果")
    return _composed(programme) or nothing


def _noted(programme: PrintedProgramme) -> Missing | None:
    if any(entry.outcome or entry.state is MeetingState.HELD for entry in programme.entries):
        return None
    first = Missing(message="尚未登记对接结果", hint="请先登记对接结果，或导入填好的对接情况登记表")
    return _composed(programme) or first


PAPERS = (
    Paper("邀请函", "docx", "邀请函及回执，每个参会方一份", EVERYBODY, _invited, letters.invitation, by_party=True),
    Paper("参会名册", "xlsx", "答复参加的单位和人员", (), _coming, lists.roster),
    Paper("签到表", "docx", "每场一份，每人一行", (), _coming, lists.sign_in),
    Paper("日程总表", "xlsx", "全部会谈，按时间、桌号、企业、团队各一张表", (), _composed, timetables.timetables),
    Paper("参会日程", "docx", "每个参会方一页", SIDES, _composed, timetables.for_participants, by_party=True),
    Paper("桌牌", "docx", "每场每桌一张", (), _composed, timetables.table_cards),
    Paper("对接手册", "docx", "每场会谈一页：需求、专利、依据、许可条件和资格", SIDES, _composed, handbook.handbook, by_party=True),
    Paper("对接情况登记表", "xlsx", "每场会谈一行，填好后直接导入", (), _composed, results.result_sheet),
    Paper("意向书", "docx", "每场会谈一份，无意向和未到场的除外", SIDES, _intended, letters.letters_of_intent, by_party=True),
    Paper("满意度调查表", "docx", "活动结束时由参会方填写", EVERYBODY, _anything, letters.satisfaction),
    Paper("总结报告", "docx", "按地区和产业细分领域，意向与签约分列", (), _noted, report.report),
    Paper("总结统计表", "xlsx", "总结报告的数字和会谈明细", (), _noted, report.figures),
    Paper("日历", "ics", "已发布的会谈，可导入手机和电脑的日历", SIDES, _published, calendars.calendar, by_party=True),
)  # fmt: skip


def named(name: str) -> Paper:
    """The paper of this name. Raises NotFound."""
    for paper in PAPERS:
        if paper.name == name:
            return paper
    raise NotFound(f"没有名为“{name[:50]}”的材料", hint="可用：" + "、".join(one.name for one in PAPERS))


def listed(programme: PrintedProgramme) -> list[PaperShown]:
    """All papers, with what those that cannot be made yet wait for."""
    found = []
    for paper in PAPERS:
        missing = paper.require(programme)
        found.append(
            PaperShown(
                name=paper.name,
                format=paper.format,
                about=paper.about,
                audience=[role.label for role in paper.roles] or [HOST],
                by_party=paper.by_party,
                is_ready=missing is None,
                missing=missing.message if missing else "",
                hint=missing.hint if missing else "",
            )
        )
    return found


def made(paper: Paper, programme: PrintedProgramme, party_id: int | None = None) -> bytes:
    """The paper, of one party where that is asked. Raises Conflict before its data are there, NotFound for an unknown party."""
    if party_id is not None:
        if not paper.by_party:
            raise Conflict(f"“{paper.name}”不按参会方生成", hint="请去掉参会方，取整份材料")
        programme = programme.only(party_id)
        if not programme.parties:
            raise NotFound(f"编号为 {programme.activity.id} 的活动没有编号为 {party_id} 的邀请")
    missing = paper.require(programme)
    if missing is not None:
        raise Conflict(f"不能生成“{paper.name}”：{missing.message}", hint=missing.hint)
    return paper.build(programme)


def files(programme: PrintedProgramme) -> Iterator[tuple[str, bytes]]:
    """All papers that can be made, by the names of their files; calendars also for each party."""
    for paper in PAPERS:
        if paper.require(programme) is None:
            yield paper.file_name, paper.build(programme)
    if _published(programme) is None:
        for party in programme.coming:
            if programme.of(party.id):
                yield (
                    f"日历/{party.id}-{_plain(party.title)}.ics",
                    calendars.calendar(programme.only(party.id)),
                )


def _plain(name: str) -> str:
    """The name as part of the name of a file on any system."""
    return "".join("_" if c in '\\/:*?"<>|' or c < " " else c for c in name)[:60]


def bundle(programme: PrintedProgramme) -> bytes:
    """All papers that can be made as one zip, with a note on the others."""
    out = io.BytesIO()
    waiting = [f"{one.name}：{one.missing}。{one.hint}" for one in listed(programme) if not one.is_ready]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundled:
        for name, content in files(programme):
            bundled.writestr(name, content)
        if waiting:
            bundled.writestr("尚不能生成的材料.txt", "\r\n".join(waiting).encode("utf-8-sig"))
    return out.getvalue()
