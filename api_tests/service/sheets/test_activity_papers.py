"""Papers of an activity: complete, each meeting once, nothing confidential, nothing that runs, and a calendar that follows."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import docx
import openpyxl
import pytest
from docx.document import Document
from icalendar import Calendar

from api_tests.catalog.docking.invented import DAY, TODAY, fill, invited, scheduled, stated
from api_tests.ingestion.invented import Import
from catalog.db import Database
from catalog.demand import needs
from catalog.docking import activities, edits, invitations, meetings, results, schedules
from catalog.docking.invitations import AnswerStated, InvitationCreate
from catalog.docking.outcomes import OutcomeCreate
from catalog.docking.reporting import figures
from catalog.docking.results import Noting
from catalog.docking.terms import (
    ActivityStatus,
    InvitationAnswer,
    MeetingState,
    OutcomeForm,
    OutcomeResult,
    PartyRole,
)
from catalog.kit.base import id_of
from catalog.kit.errors import Conflict, NotFound
from catalog.kit.terms import FeedbackReason, PaymentForm
from service.requests.docking.contracts import ContractInput, make_deal
from service.sheets.docking import papers, programme
from service.sheets.docking.answers import answer_list
from service.sheets.docking.papers import PAPERS
from service.sheets.docking.programme import PrintedProgramme
from service.sheets.docking.report import tally

PLAN = [(0, 0, 1, 1, 1), (1, 1, 1, 1, 2), (0, 1, 1, 2, 1), (2, 2, 2, 1, 1), (1, 2, 2, 3, 2)]
SECRETS = ("求第0种办法", "求第1种办法", "甲方内部电话", "不想见的理由")
Read = Callable[[], PrintedProgramme]


@pytest.fixture
def activity(database: Database) -> int:
    """A published activity of five meetings; parties said whom they do not wish to meet and why."""
    fill(database, {(i, j): 0.7 for i in range(3) for j in range(3)})
    with database.write() as session:
        need = needs.get(session, 1)
        need.contact, need.title = "甲方内部电话", '=HYPERLINK("http://example.org","需求0")'
    id_ = invited(database)
    with database.write() as session:
        parties = invitations.of_activity(session, id_)
        answer = AnswerStated(
            answer=InvitationAnswer.COMING,
            people=["张三，部长"],
            barred=[id_of(parties[-1])],
            note="不想见的理由",
        )
        edits.answer(session, id_, id_of(parties[0]), answer)
    _publish(database, id_, PLAN)
    return id_


def _publish(database: Database, activity_id: int, plan: list[tuple[int, int, int, int, int]]) -> None:
    scheduled(database, activity_id, plan)
    with database.write() as session:
        schedules.publish(session, activity_id)


@pytest.fixture
def read(database: Database, activity: int) -> Read:
    def of_now() -> PrintedProgramme:
        with database.read() as session:
            return programme.read(session, activity, TODAY)

    return of_now


def made(name: str, found: PrintedProgramme, party: int | None = None) -> bytes:
    return papers.made(papers.named(name), found, party)


def texts(content: bytes, format_: str) -> list[str]:
    """All paragraphs, cells or lines of a paper."""
    if format_ == "docx":
        word = docx.Document(io.BytesIO(content))
        foot = word.sections[0].footer.paragraphs
        return [line.text for line in [*word.paragraphs, *foot]] + [
            cell for row in _rows(word) for cell in row
        ]
    if format_ == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        return [str(cell.value) for sheet in book for row in sheet for cell in row if cell.value is not None]
    return content.decode().replace("\r\n ", "").splitlines()


def _rows(word: Document) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for table in word.tables for row in table.rows]


def table_of(content: bytes, sheet: str | None = None) -> list[dict[str, Any]]:
    """The rows of a sheet under its headings."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    head, *rows = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def note_results(database: Database, activity_id: int) -> None:
    """An intention, a refusal for its price, a signing and two that are still open."""
    with database.write() as session:
        edits.set_status(session, activity_id, ActivityStatus.RUNNING, today=DAY)
        rows = meetings.of_activity(session, activity_id)
        noted = (
            OutcomeCreate(
                result=OutcomeResult.INTERESTED,
                form=OutcomeForm.LICENCE,
                amount_in_view=Decimal(300_000),
                next_step="到校考察",
            ),
            OutcomeCreate(result=OutcomeResult.NONE, reason=FeedbackReason.PRICE),
            OutcomeCreate(result=OutcomeResult.SIGNING, amount_in_view=Decimal(500_000)),
        )
        for row, outcome in zip(rows, noted, strict=False):
            results.record(session, activity_id, id_of(row), outcome, Noting(DAY, "甲"))


def test_every_paper_opens_and_none_shows_what_the_other_side_must_not_see(
    database: Database, activity: int, read: Read
) -> None:
    note_results(database, activity)
    found = read()
    for paper in PAPERS:
        shown = "\n".join(texts(made(paper.name, found), paper.format))
        assert "示例片区对接会" in shown or paper.format == "xlsx", paper.name
        assert [secret for secret in SECRETS if secret in shown] == [], paper.name


def test_every_meeting_stands_once_in_every_order_of_the_timetable(read: Read) -> None:
    found = read()
    ids = sorted(entry.meeting.id for entry in found.entries)
    assert len(ids) == len(PLAN)
    content = made("日程总表", found)
    for sheet in ("按时间", "按桌号", "按企业", "按团队"):
        assert sorted(row["会谈编号"] for row in table_of(content, sheet)) == ids
    assert sorted(row["会谈编号"] for row in table_of(made("对接情况登记表", found))) == ids


def test_every_meeting_has_one_page_in_the_handbook_a_letter_a_line_on_a_card_and_one_with_each_side(
    read: Read,
) -> None:
    found = read()
    pairs = Counter((entry.meeting.firm, entry.meeting.team) for entry in found.entries)
    handbook = texts(made("对接手册", found), "docx")
    titles = [re.fullmatch(r"会谈 \d+：(.+) — (.+)", line) for line in handbook]
    assert Counter((one[1], one[2]) for one in titles if one) == pairs
    letters = _rows(docx.Document(io.BytesIO(made("意向书", found))))
    parties = [[row[1] for row in letters if row[0] == side] for side in ("甲方（企业）", "乙方（专利权人）")]
    assert Counter(zip(*parties, strict=True)) == pairs
    cards = [row for row in _rows(docx.Document(io.BytesIO(made("桌牌", found)))) if row[0] != "时间"]
    assert Counter((row[1], row[2]) for row in cards) == pairs
    pages = [row for row in _rows(docx.Document(io.BytesIO(made("参会日程", found)))) if row[0].isdigit()]
    assert Counter(row[0] for row in pages) == {str(one.meeting.id): 2 for one in found.entries}


def test_a_paper_of_one_party_names_its_meetings_alone(read: Read) -> None:
    found = read()
    firm = found.parties[0]
    for name in ("参会日程", "对接手册", "意向书", "邀请函", "日历"):
        shown = "\n".join(texts(made(name, found, firm.id), papers.named(name).format))
        assert firm.name in shown
        assert "甲2有限公司" not in shown
    with pytest.raises(Conflict, match="不按参会方生成"):
        made("桌牌", found, firm.id)
    with pytest.raises(NotFound, match="没有编号为 999 的邀请"):
        made("参会日程", found, 999)


def test_text_never_runs_as_a_formula_and_columns_fit_their_headings(read: Read) -> None:
    found = read()
    for paper in PAPERS:
        if paper.format != "xlsx" or paper.require(found):
            continue
        for sheet in openpyxl.load_workbook(io.BytesIO(paper.build(found))):
            cells = [cell for row in sheet for cell in row]
            assert all(cell.data_type != "f" for cell in cells)
            assert sheet.print_title_rows == "$1:$1"
            assert sheet.page_setup.fitToHeight == 0
            for cell in sheet[1]:
                width = sheet.column_dimensions[cell.column_letter].width
                lines = -(-2 * len(str(cell.value)) // int(width - 1))
                assert sheet.row_dimensions[1].height >= 15 * lines
    assert any("=HYPERLINK" in text for text in texts(made("日程总表", found), "xlsx"))


def test_the_result_sheet_offers_the_words_that_are_read_back(read: Read) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made("对接情况登记表", read())))
    lists = {
        rule.formula1 for rule in book.worksheets[0].data_validations.dataValidation if rule.type == "list"
    }
    for terms in (OutcomeResult, FeedbackReason, OutcomeForm):
        assert f'"{",".join(one.label for one in terms)}"' in lists


TYPED: tuple[dict[str, Any], ...] = (
    {"对接结果": "有意向", "拟合作方式": "许可", "意向金额（元）": 300000, "参加人员": "张三；李四", "下一步工作": "到校考察样机",
     "责任人": "李四", "完成期限": date(2027, 1, 15), "备注": "需要样机", "签字": "张三"},
    {"对接结果": "无意向", "无意向的原因": "技术不成熟"},
    {"对接结果": "签约意向", "拟合作方式": "作价入股", "意向金额（元）": 500000.5},
    {"对接结果": "继续洽谈", "下一步工作": "补充检测报告"},
    {"对接结果": "有意向", "拟合作方式": "合作开发"},
)  # fmt: skip


def test_the_result_sheet_filled_in_comes_back_as_it_is_and_shows_what_was_recorded(
    database: Database, activity: int, read: Read, import_text: Import
) -> None:
    with database.write() as session:
        edits.set_status(session, activity, ActivityStatus.RUNNING, today=DAY)
    filled = _typed_in(made("对接情况登记表", read()))
    report = import_text(filled, "登记表.xlsx", "outcomes")
    assert (report.new, report.rejected, report.changed) == (len(PLAN), 0, 0), report.refusals
    found = read()
    noted = [entry.outcome for entry in found.entries]
    assert [one.result.label for one in noted if one] == [row["对接结果"] for row in TYPED]
    first = noted[0]
    assert first is not None
    assert (first.amount_in_view, first.due, first.people) == (
        Decimal(300_000),
        date(2027, 1, 15),
        "张三；李四",
    )
    assert (first.next_step, first.responsible, first.note) == ("到校考察样机", "李四", "需要样机")
    again = made("对接情况登记表", found)
    shown = [{name: row[name] for name in typed} for row, typed in zip(table_of(again), TYPED, strict=True)]
    for row, typed in zip(shown, TYPED, strict=True):
        for name, value in typed.items():
            if name != "签字":
                assert _plain(row[name]) == value, name
    repeated = import_text(again, "再次.xlsx", "outcomes")
    assert (repeated.new, repeated.changed, repeated.unchanged, repeated.rejected) == (0, 0, len(PLAN), 0)


def test_the_list_of_answers_comes_back_as_it_is(
    database: Database, activity: int, import_text: Import
) -> None:
    with database.write() as session:
        row = invitations.of_activity(session, activity)[0]
        row.sessions, row.absent, row.most, row.note = [1], ["1-2", "2-3"], 2, "=备注"
        row.people, row.wished = (
            ["张三 总工", "李四"],
            [id_of(invitations.of_activity(session, activity)[-1])],
        )
    with database.read() as session:
        content = answer_list(session, activity)
        count = len(invitations.of_activity(session, activity))
    report = import_text(content, "答复.xlsx", "invitations")
    assert (report.unchanged, report.new, report.changed, report.rejected) == (count, 0, 0, 0)


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def _typed_in(content: bytes) -> bytes:
    """The sheet after somebody typed into its yellow columns."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for line, typed in enumerate(TYPED, 2):
        for name, value in typed.items():
            sheet.cell(line, columns[name], value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_what_a_paper_waits_for_is_said_with_what_to_do_first(database: Database) -> None:
    fill(database, {(0, 0): 0.7})
    with database.write() as session:
        bare = id_of(edits.create(session, stated(sessions=[]), today=TODAY))

    def waits(activity_id: int) -> dict[str, str]:
        with database.read() as session:
            found = programme.read(session, activity_id, TODAY)
        return {one.name: one.missing for one in papers.listed(found) if not one.is_ready}

    assert waits(bare)["邀请函"] == "尚未填写场次"
    assert set(waits(bare)) == {one.name for one in PAPERS} - {"满意度调查表"}
    coming = invited(database, firms=1, teams=1)
    assert waits(coming) == dict.fromkeys(
        (
            "日程总表",
            "参会日程",
            "桌牌",
            "对接手册",
            "对接情况登记表",
            "意向书",
            "总结报告",
            "总结统计表",
            "日历",
        ),
        "尚未编排日程",
    )
    scheduled(database, coming, [(0, 0, 1, 1, 1)])
    assert waits(coming) == {
        "总结报告": "尚未登记对接结果", "总结统计表": "尚未登记对接结果", "日历": "日程尚未发布",
    }  # fmt: skip
    with database.read() as session, pytest.raises(Conflict, match="不能生成“日历”：日程尚未发布") as told:
        made("日历", programme.read(session, coming, TODAY))
    assert told.value.hint == "请先发布日程，再生成本材料"
    assert "本日程尚未发布" in "\n".join(_texts_of_draft(database, coming))


def _texts_of_draft(database: Database, activity_id: int) -> list[str]:
    with database.read() as session:
        return texts(made("参会日程", programme.read(session, activity_id, TODAY)), "docx")


def test_the_report_keeps_intentions_and_contracts_apart_and_agrees_with_the_figures(
    database: Database, activity: int, read: Read
) -> None:
    note_results(database, activity)
    contract = ContractInput(
        signed_on=TODAY, contract_amount=Decimal(120_000), payment_form=PaymentForm.LUMP_SUM, code="HT-1"
    )
    with database.write() as session:
        make_deal(session, activity, id_of(meetings.of_activity(session, activity)[0]), contract, today=TODAY)
    found = read()
    with database.read() as session:
        figured = figures.of_activities(session, [activities.get(session, activity)], TODAY)
    whole = tally(found.entries)
    assert (
        (whole.intentions, whole.intended)
        == (figured.intentions, figured.intention_amount)
        == (2, Decimal(800_000))
    )
    assert (
        (whole.contracts, whole.contracted)
        == (figured.contracts, figured.contract_amount)
        == (1, Decimal(120_000))
    )
    content = made("总结统计表", found)
    for sheet in ("按地区", "按产业细分领域"):
        *parts, total = table_of(content, sheet)
        assert total["意向金额（万元）"] == sum(row["意向金额（万元）"] for row in parts) == 80
        assert total["会谈"] == sum(row["会谈"] for row in parts) == len(PLAN)
        assert (total["签约（笔）"], total["签约金额（万元）"]) == (1, 12)
    assert sorted(row["会谈编号"] for row in table_of(content, "会谈明细")) == sorted(
        e.meeting.id for e in found.entries
    )
    assert [row["交易编号"] for row in table_of(content, "会谈明细") if row["交易编号"]] == ["HT-1"]
    assert "价格 1 场" in "\n".join(texts(made("总结报告", found), "docx"))
    assert (
        len([line for line in texts(made("意向书", found), "docx") if line == "专利合作意向书"])
        == len(PLAN) - 1
    )


def _events(content: bytes) -> dict[str, Any]:
    return {str(event["uid"]): event for event in Calendar.from_ical(content).walk("VEVENT")}


def test_the_calendar_is_folded_and_holds_every_meeting_at_its_time(read: Read) -> None:
    found = read()
    content = made("日历", found)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert len(Calendar.from_ical(content).walk("VTIMEZONE")) == 1
    events = _events(content)
    zone = ZoneInfo("Asia/Shanghai")
    for entry in found.entries:
        one = entry.meeting
        (event,) = [e for e in events.values() if f"会谈编号：{one.id}\n" in f"{e['description']}\n"]
        start = datetime.combine(
            one.day, datetime.strptime(one.clock[:5], "%H:%M").replace(tzinfo=UTC).time(), zone
        )
        assert event["dtstart"].dt == start
        assert (event["status"], event["sequence"]) == ("CONFIRMED", 0)
        assert f"{one.room}，{one.table} 号桌" in event["location"]
    assert len(events) == len(PLAN)
    for party in found.parties:
        assert len(_events(made("日历", found, party.id))) == len(found.of(party.id))


def test_a_meeting_keeps_its_uid_and_every_publication_that_changes_it_raises_its_sequence(
    database: Database, activity: int, read: Read
) -> None:
    first = _events(made("日历", read()))
    moved = [(0, 0, 1, 3, 1), *PLAN[1:4]]
    _publish(database, activity, moved)
    second = _events(made("日历", read()))
    assert second.keys() == first.keys()
    changed = {uid for uid, event in second.items() if event["sequence"] == 1}
    assert sorted(second[uid]["status"] for uid in changed) == ["CANCELLED", "CONFIRMED"]
    assert len(changed) == 2
    _publish(database, activity, [*moved, PLAN[4]])
    third = _events(made("日历", read()))
    assert Counter(int(event["sequence"]) for event in third.values()) == {0: 3, 1: 1, 2: 1}
    assert {str(event["status"]) for event in third.values()} == {"CONFIRMED"}
    scheduled(database, activity, moved)
    assert made("日历", read()) == made("日历", read())
    assert _events(made("日历", read())) == third, "a schedule that was not published is not told"


def test_a_meeting_cancelled_by_hand_leaves_the_papers_and_is_cancelled_in_the_calendar(
    database: Database, activity: int, read: Read
) -> None:
    with database.write() as session:
        gone = id_of(meetings.of_activity(session, activity)[0])
        results.set_state(session, activity, gone, MeetingState.CANCELLED)
    found = read()
    assert gone not in {row["会谈编号"] for row in table_of(made("日程总表", found))}
    assert [
        int(e["sequence"]) for e in _events(made("日历", found)).values() if e["status"] == "CANCELLED"
    ] == [1]


def test_the_zip_holds_every_paper_that_can_be_made_and_says_which_cannot(read: Read) -> None:
    found = read()
    with zipfile.ZipFile(io.BytesIO(papers.bundle(found))) as bundled:
        names = set(bundled.namelist())
        waiting = bundled.read("尚不能生成的材料.txt").decode("utf-8-sig")
    ready = {one.name for one in papers.listed(found) if one.is_ready}
    assert {name.split(".")[0] for name in names if "/" not in name} == {*ready, "尚不能生成的材料"}
    assert len([name for name in names if name.startswith("日历/")]) == len(
        {p for e in PLAN for p in (("f", e[0]), ("t", e[1]))}
    )
    assert re.findall(r"(\w+)：尚未登记对接结果", waiting) == ["总结报告", "总结统计表"]


def test_experts_have_their_place_in_lists(database: Database, activity: int, read: Read) -> None:
    with database.write() as session:
        guest = edits.invite(session, activity, InvitationCreate(role=PartyRole.EXPERT, name="示例研究院"))
        edits.answer(
            session, activity, id_of(guest), AnswerStated(answer=InvitationAnswer.COMING, sessions=[2])
        )
    found = read()
    rows = table_of(made("参会名册", found))
    assert [row["参会身份"] for row in rows] == ["企业"] * 3 + ["专利权人团队"] * 3 + ["专家"]
    assert rows[-1]["参加场次"] == "第 2 场下午场"
    signed = _rows(docx.Document(io.BytesIO(made("签到表", found))))
    assert sum(row[1] == "示例研究院" for row in signed) == 2
    assert sum(row[3] == "张三，部长" for row in signed) == 2
