"""A file on its way into the catalogue: counts that add up, nothing lost, nothing half-done, the same file twice."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from api_tests.ingestion.invented import Import, checked, counts, number
from catalog.db import Database
from catalog.demand import enterprises, needs
from catalog.imports import imports
from catalog.kit.days import beijing_today
from catalog.kit.errors import PatentDockError
from catalog.kit.paging import ListQuery
from catalog.kit.terms import PaymentForm
from catalog.licences import lists as licence_lists
from catalog.supply import patent_lists, patents, patents_shown
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents_shown import PatentPublic
from ingestion.errors import NotARegister, UnreadableFile
from ingestion.imports.importer import ImportLimits, import_file

HEADER = "专利名称,申请号,申请人,公开（公告）号,公开（公告）日,摘要\n"


def stored(database: Database) -> dict[str, PatentPublic]:
    with database.read() as session:
        rows = patent_lists.page(session, ListQuery(size=200), PatentFilter()).rows
        return {
            patent.title: patent for patent in patents_shown.publics(session, rows, today=beijing_today())
        }


def test_what_a_register_says(database: Database, import_text: Import) -> None:
    content = (
        "申请号,名称,专利类型,申请日,授权公告日,申请（专利权）人,发明人,地址,主分类号,分类号,法律状态\n"
        f"ZL {number(1)},一种显示面板,1,2019.01.02,20210506,示例大学;示例研究所,张三 李四,"
        "430070湖北省武汉市洪山区示例路1号,G02F1/13(2006.01)I,G02F1/13(2006.01)I;??H10K50/00(2023.01)I,授权\n"
    )
    assert counts(import_text(content)) == (1, 0, 0, 0)
    patent = stored(database)["一种显示面板"]
    assert patent.application_number == number(1)
    assert patent.holders == ["示例大学", "示例研究所"]
    assert patent.ipc == ["G02F1/13", "H10K50/00"]
    assert (patent.province, patent.prefecture) == ("420000", "420100")
    assert (patent.kind_name, patent.legal_status_name, patent.holder_kind_name) == ("发明", "有效", "高校")
    segments = {c.code: (c.weight, c.basis) for c in patent.classes if c.scheme == "segment"}
    assert segments == {"S1": (0.6667, "ipc"), "S2": (0.3333, "ipc")}


def test_the_same_file_twice_changes_nothing(import_text: Import) -> None:
    content = HEADER + "".join(
        f"一种{place}号水泵,{number(place)},示例大学,,,\n" for place in range(ImportLimits().batch + 3)
    )
    assert counts(import_text(content)) == (ImportLimits().batch + 3, 0, 0, 0)
    assert counts(import_text(content)) == (0, 0, ImportLimits().batch + 3, 0)


def test_application_and_grant_in_one_file_are_one_patent_whatever_their_order(
    database: Database, import_text: Import
) -> None:
    a = f"一种水泵,{number(1)},示例大学,CN109900001A,2019-07-01,旧摘要\n"
    b = f"一种水泵及方法,{number(1)},示例大学,CN109900001B,2021-03-01,新摘要\n"
    for content in (HEADER + a + b, HEADER + b + a):
        import_text(content)
        assert counts(import_text(content)) == (0, 0, 2, 0)
        patent = stored(database)["一种水泵及方法"]
        assert (patent.abstract, str(patent.publication_date), str(patent.grant_date)) == (
            "新摘要", "2019-07-01", "2021-03-01",
        )  # fmt: skip


def test_rows_that_contradict_each_other_are_rejected_not_mixed(
    database: Database, import_text: Import
) -> None:
    content = (
        HEADER
        + "一种水泵,,示例大学,CN109900001B,2021-03-01,\n一种阀门,,样本公司,CN109900001B,2021-03-01,\n"
        + "一种水泵,,示例大学,CN109900001B,2021-03-01,摘要补充\n"
    )
    report = import_text(content)
    assert counts(report) == (0, 0, 0, 3)
    assert "第 2 行" in report.refusals[0].reason
    assert stored(database) == {}
    assert counts(import_text(content)) == (0, 0, 0, 3)


def test_a_publication_of_another_patent_is_rejected(import_text: Import) -> None:
    import_text(HEADER + f"一种水泵,{number(1)},示例大学,CN109900001A,2019-07-01,\n")
    report = import_text(HEADER + f"一种阀门,{number(2)},示例大学,CN109900001A,2019-07-01,\n")
    assert counts(report) == (0, 0, 0, 1)
    assert number(1) in report.refusals[0].reason


def test_drafts_of_one_title_with_different_texts_stay_apart(database: Database, import_text: Import) -> None:
    records = [
        {
            "title": "一种水泵",
            "applicant": "示例大学",
            "abstract": "本发明公开了一种离心水泵，叶轮前缘设有导流片。",
        },
        {
            "title": "一种水泵",
            "applicant": "示例大学",
            "abstract": "隔膜由两层橡胶压合而成，驱动电机位于壳体外侧。",
        },
    ]
    content = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert counts(import_text(content, "a.jsonl")) == (2, 0, 0, 0)
    assert counts(import_text(content, "a.jsonl")) == (0, 0, 2, 0)


def test_ruined_numbers_become_drafts_known_by_publication(database: Database, import_text: Import) -> None:
    report = import_text(
        HEADER + "一种水泵,2.02E+12,示例大学,CN109900001B,2021-03-01,\n一种阀门,2.02E+12,示例大学,,,\n"
    )
    assert counts(report) == (1, 0, 0, 1)
    assert "科学计数法" in report.messages[0]
    assert "科学计数法" in report.refusals[0].reason
    assert stored(database)["一种水泵"].flags == ["缺申请号"]


def test_a_wrong_check_digit_is_rejected_with_the_right_one(database: Database, import_text: Import) -> None:
    right = number(1)
    wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
    report = import_text(HEADER + f"一种水泵,{wrong},示例大学,,,\n")
    assert counts(report) == (0, 0, 0, 1)
    assert f"应为 {right[-1]}" in report.refusals[0].reason
    with database.read() as session:
        (row,) = imports.rejected(session, report.import_id or 0, ListQuery()).rows
    assert (row.line, row.field, row.value) == (2, "申请号", wrong)
    assert row.cells["专利名称"] == "一种水泵"


def test_records_of_json_whose_names_come_late_are_not_lost(database: Database, import_text: Import) -> None:
    lines = [json.dumps({"title": f"一种{place}号水泵"}, ensure_ascii=False) for place in range(1500)]
    lines.append(json.dumps({"title": "一种阀门", "number": number(1)}, ensure_ascii=False))
    lines += [json.dumps({"title": f"一种{place}号管道"}, ensure_ascii=False) for place in range(700)]
    report = import_text("\n".join(lines), "a.jsonl")
    assert (report.rows, counts(report)) == (2201, (2201, 0, 0, 0))
    with database.read() as session:
        assert patents.find(session, number(1)) is not None


def test_headers_inside_the_data_and_footers_are_no_records(import_text: Import) -> None:
    report = import_text(
        f"专利清单,,\n\n序号,名称,申请号\n1,一种水泵,{number(1)}\n序号,名称,申请号\n2,一种阀门,{number(2)}\n"
        f"申请号,名称,申请人\n{number(3)},一种管道,示例大学\n合计,3,\n"
    )
    assert (report.rows, counts(report)) == (3, (3, 0, 0, 0))
    assert sum("略过" in message for message in report.messages) == 4


def test_shifted_rows_are_rejected(import_text: Import) -> None:
    report = import_text(
        f"名称,申请号\n一种水泵,及方法,{number(1)}\n一种阀门,{number(2)}\n一种管道,{number(3)}\n"
    )
    assert counts(report) == (2, 0, 0, 1)
    assert "3 列" in report.refusals[0].reason


def test_every_sheet_that_is_a_register(database: Database, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["名称", "申请号"])
    first.append(["一种水泵", number(1)])
    second = book.create_sheet("实用新型")
    second.append(["Title", "Patentee", "Filing date"])
    second.append(["一种阀门", "示例大学", 45292.0])
    book.create_sheet("空")
    book.create_sheet("说明").append(["本表由示例处提供"])
    book.save(tmp_path / "a.xlsx")
    report = checked(
        import_file(database, tmp_path / "a.xlsx", "patents", today=beijing_today(), rejected_dir=tmp_path)
    )
    assert counts(report) == (2, 0, 0, 0)
    assert any("说明" in message for message in report.messages)
    with database.read() as session:
        rows = patent_lists.page(session, ListQuery(), PatentFilter()).rows
    assert {str(row.filing_date) for row in rows} == {"None", "2024-01-01"}


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("", UnreadableFile, "空的"),
        ("申请号,申请日\n1,2019-01-01\n", NotARegister, "专利名称"),
        ("企业名称,专利数量,发明\n甲有限公司,10,3\n乙有限公司,4,1\n丙有限公司,4,1\n", NotARegister, "数量表"),
        ("名称,申请号\n", NotARegister, "没有数据行"),
        ("x" * 3_000_000, NotARegister, "超过"),
    ],
)
def test_refused_files_leave_nothing_behind(
    database: Database,
    import_text: Import,
    tmp_path: Path,
    content: str,
    error: type[PatentDockError],
    says: str,
) -> None:
    with pytest.raises(error, match=says) as caught:
        import_text(content)
    assert caught.value.hint
    with database.read() as session:
        assert imports.page(session, ListQuery()).total == 0
    assert not (tmp_path / "rejected").exists()


def test_an_unknown_kind_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(PatentDockError, match="patents"):
        import_file(database, tmp_path / "a.csv", "trademarks", today=beijing_today(), rejected_dir=tmp_path)


def test_a_dry_run_tells_everything_and_writes_nothing(
    database: Database, import_text: Import, tmp_path: Path
) -> None:
    content = (
        HEADER + f"一种水泵,{number(1)},示例大学,,,\n一种水泵,{number(1)},示例大学,,,\n,{number(2)},,,,\n"
    )
    trial = import_text(content, dry_run=True)
    assert (trial.import_id, trial.rejected_file) == (None, None)
    assert trial.preview[0]["专利名称"] == "一种水泵"
    assert ("申请号", "申请号") in {(column.header, column.label) for column in trial.columns}
    assert stored(database) == {}
    assert not (tmp_path / "rejected").exists()
    real = import_text(content)
    assert counts(real) == counts(trial) == (1, 0, 1, 1)


def test_a_failure_on_the_way_is_noted_and_resumed(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "名称,申请号\n" + "".join(f"一种{p}号水泵,{number(p)}\n" for p in range(5)), encoding="utf-8"
    )
    done: list[int] = []

    def stop(rows: int, _total: int | None) -> None:
        done.append(rows)
        if rows >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(
            database,
            path,
            "patents",
            today=beijing_today(),
            rejected_dir=tmp_path,
            progress=stop,
            limits=ImportLimits(batch=2),
        )
    with database.read() as session:
        assert imports.page(session, ListQuery()).rows[0].status == "interrupted"
    again = checked(import_file(database, path, "patents", today=beijing_today(), rejected_dir=tmp_path))
    assert counts(again) == (1, 0, 4, 0)


def test_needs_enterprises_and_licences(database: Database, import_text: Import) -> None:
    firms = "企业名称,统一社会信用代码,省份,城市,营业收入（万元）,成立日期\n示例仪器有限公司,91420100DEM0000061,湖北,宜昌,8600,2011年5月\n"
    assert counts(import_text(firms, kind="enterprises")) == (1, 0, 0, 0)
    wishes = "需求编号,企业名称,需求名称,需求描述,预算（万元）,合作方式,行业代码\nN1,示例仪器有限公司,零点漂移,读数漂移,50-80,许可,3974\n"
    assert counts(import_text(wishes, kind="needs")) == (1, 0, 0, 0)
    import_text(f"名称,申请号,申请日,授权公告日\n一种水泵,{number(1)},2019-01-02,2021-01-02\n")
    terms = f"专利号,支付方式,许可费（万元）,许可期限\nZL{number(1)},一次付清,6,2025-01-01至2027-12-31\nZL{number(9)},免费,,\n"
    report = import_text(terms, kind="licences")
    assert counts(report) == (1, 0, 0, 1)
    assert "没有申请号" in report.refusals[0].reason
    for kind, content in (("enterprises", firms), ("needs", wishes), ("licences", terms)):
        assert import_text(content, kind=kind).unchanged == 1
    with database.read() as session:
        firm = enterprises.find(session, "示例仪器有限公司")
        need = needs.page(session, ListQuery()).rows[0]
        licence = licence_lists.page(session, ListQuery(), today=beijing_today()).rows[0]
    assert firm is not None
    assert (firm.prefecture, firm.revenue, str(firm.founded_on)) == (
        "420500",
        Decimal(86_000_000),
        "2011-05-01",
    )
    assert (need.budget, need.prefecture, need.classes[1]["code"]) == (Decimal(800_000), "420500", "S1")
    assert (licence.fixed_fee, str(licence.ends_on), licence.payment_form) == (
        Decimal(60_000),
        "2027-12-31",
        PaymentForm.LUMP_SUM,
    )


def test_two_rows_of_one_enterprise_must_agree(import_text: Import) -> None:
    content = "企业名称,从业人员数\n示例仪器有限公司,10\n示例仪器有限公司,20\n示例仪器有限公司,10\n"
    assert counts(import_text(content, kind="enterprises")) == (1, 0, 1, 1)
    assert counts(import_text(content, kind="enterprises")) == (0, 0, 2, 1)


def test_enterprises_are_not_mixed_up(import_text: Import) -> None:
    header = "企业名称,统一社会信用代码\n"
    code = "91420100DEM0000061"
    assert counts(import_text(f"{header}示例甲有限公司,{code}\n示例乙有限公司,\n", kind="enterprises")) == (
        2,
        0,
        0,
        0,
    )
    report = import_text(f"{header}示例甲有限公司,91420100DEM000007X\n", kind="enterprises")
    assert counts(report) == (0, 0, 0, 1)
    assert f"已登记的统一社会信用代码是 {code}" in report.refusals[0].reason


def test_progress_knows_about_how_many_rows_there_are(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称\n" + "".join(f"一种{place:04d}号水泵\n" for place in range(2000)), encoding="utf-8")
    seen: list[tuple[int, int | None]] = []
    import_file(
        database,
        path,
        "patents",
        today=beijing_today(),
        rejected_dir=tmp_path,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1][0] == 2000
    assert seen[-1][1] == pytest.approx(2000, rel=0.1)
