"""Single records from cells by role: the door that files and REST share."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from api_tests.ingestion.invented import GIVEN, number
from catalog.kit.terms import LegalStatus, PatentKind
from catalog.segments.segments import Segment
from catalog.supply.patents import PatentCreate
from ingestion.errors import RowError
from ingestion.records import patents
from ingestion.records.classification import Classifier
from ingestion.records.fields import Fields
from ingestion.values.cells import Cell
from ingestion.values.names import kind_of, split
from ingestion.values.places import Place, combine, locate
from ingestion.values.values import parse_amount, parse_date

CLASSIFIER = Classifier(
    [
        Segment(
            catalogue_id=1,
            code="S1",
            name="新型显示",
            industry_codes=["397"],
            ipc_subclasses=["G02F", "H10K"],
        ),
        Segment(catalogue_id=1, code="S2", name="高端装备", industry_codes=["34"], ipc_subclasses=["F04D"]),
    ]
)


def patent(**cells: Cell | list[Cell]) -> PatentCreate:
    said: dict[str, Cell | list[Cell]] = {"title": "一种水泵", **cells}
    return patents.patent(Fields("patents", said, GIVEN), CLASSIFIER)


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (
            {"publication_number": "CN109900001A", "publication_or_grant_date": "2019.07.01"},
            (date(2019, 7, 1), None),
        ),
        (
            {"publication_number": "CN109900001B", "publication_or_grant_date": "2021.03.01"},
            (None, date(2021, 3, 1)),
        ),
        (
            {"publication_number": "CN202644312U", "publication_or_grant_date": "2013.01.02"},
            (date(2013, 1, 2),) * 2,
        ),
        (
            {"publication_number": "CN1234567C", "publication_or_grant_date": "2005.03.02"},
            (None, date(2005, 3, 2)),
        ),
        (
            {"application_number": number(1), "publication_or_grant_date": "2019.07.01"},
            (date(2019, 7, 1), None),
        ),
        (
            {"application_number": number(1, kind=3), "publication_or_grant_date": "2019.07.01"},
            (date(2019, 7, 1),) * 2,
        ),
        ({"publication_number": "CN202644312U", "publication_date": "2013-01-02"}, (date(2013, 1, 2),) * 2),
        (
            {"publication_number": "CN109900001B", "publication_date": "2021-03-01", "kind": "B"},
            (None, date(2021, 3, 1)),
        ),
        (
            {"publication_number": "CN109900001", "publication_or_grant_date": "2021-03-01", "kind": "B"},
            (None, date(2021, 3, 1)),
        ),
        # An application is published within 18 months, an international one later.
        (
            {
                "publication_number": "CN109900001B",
                "publication_date": "2021-03-01",
                "filing_date": "2019-01-02",
            },
            (None, date(2021, 3, 1)),
        ),
        (
            {
                "publication_number": "CN109900001B",
                "publication_date": "2019-07-01",
                "filing_date": "2019-01-02",
            },
            (date(2019, 7, 1), None),
        ),
        (
            {
                "application_number": number(1, kind=8),
                "publication_number": "CN109900001B",
                "publication_date": "2021-03-01",
                "filing_date": "2019-01-02",
            },
            (date(2021, 3, 1), None),
        ),
        (
            {
                "publication_number": "CN109900001A",
                "publication_date": "2021-03-01",
                "filing_date": "2019-01-02",
            },
            (date(2021, 3, 1), None),
        ),
    ],
)
def test_a_date_of_publication_or_grant_is_decided_by_the_number(
    cells: dict[str, Cell | list[Cell]], dates: tuple[date | None, date | None]
) -> None:
    found = patent(**cells)
    assert (found.publication_date, found.grant_date) == dates


@pytest.mark.parametrize(
    ("stated", "status"),
    [
        ("授权", LegalStatus.IN_FORCE), ("有效专利", LegalStatus.IN_FORCE), ("未缴年费专利权终止", LegalStatus.TERMINATED),
        ("专利权部分无效", LegalStatus.PARTLY_INVALID), ("实质审查的生效", LegalStatus.PENDING), ("失效", LegalStatus.TERMINATED),
        ("专利权质押合同登记的生效", LegalStatus.PLEDGED), ("期限届满", LegalStatus.EXPIRED), ("视为撤回", LegalStatus.WITHDRAWN),
    ],
)  # fmt: skip
def test_words_of_legal_status(stated: str, status: LegalStatus) -> None:
    assert patent(legal_status=stated).legal_status is status


def test_the_number_decides_the_kind() -> None:
    assert patent(application_number=number(1, kind=2), kind="发明").kind is PatentKind.UTILITY_MODEL


def test_the_kind_code_of_a_column_of_its_own_completes_the_number() -> None:
    assert [p.number for p in patent(publication_number="CN 119950030", kind="A").publications] == [
        "CN119950030A"
    ]
    assert [p.number for p in patent(publication_number="CN119950030A", kind="发明").publications] == [
        "CN119950030A"
    ]


def test_locarno_in_the_column_of_ipc() -> None:
    found = patent(ipc="26-05(undefined)13-02(undefined)")
    assert (found.locarno, found.classes) == ("26-05;13-02", [])


def test_stated_segment_and_industry_go_before_ipc() -> None:
    found = patent(ipc="F04D29/22", industries="C3974 显示器件制造")
    assert [(c.scheme, c.code, c.basis) for c in found.classes[1:]] == [
        ("industry", "3974", "official"), ("segment", "S1", "industry"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"title": ""}, "专利名称"),
        ({"application_number": "ZL 2019"}, "申请号"),
        ({"application_number": [number(1), number(2)]}, "申请号"),
        ({"publication_number": "US20120012345A1"}, "公开（公告）号"),
        ({"title": "长" * 1001}, "专利名称"),
        ({"abstract": "a\x00b"}, "摘要"),
    ],
)
def test_what_cannot_be_accepted(cells: dict[str, Cell | list[Cell]], field: str) -> None:
    with pytest.raises(RowError) as caught:
        patent(**cells)
    assert caught.value.field == field
    assert caught.value.reason


@pytest.mark.parametrize(
    ("cells", "remark", "noted"),
    [
        ({"filing_date": "2019-02-30"}, "申请日：2019-02-30", "日历中无此日"),
        ({"filing_date": "2999-01-01"}, "申请日：2999-01-01", "不合理"),
        ({"filing_date": "2019-02-03", "grant_date": "2018-01-01"}, "授权公告日：2018-01-01", "早于申请日"),
        ({"annuity_paid_until": "明年"}, "年费缴至日：明年", "不是日期"),
        ({"legal_status": "某种状态"}, "法律状态：某种状态", "某种状态"),
        ({"prefecture": "青山区"}, "城市：青山区", "青山区"),
        ({"holders": "长" * 301}, f"专利权人：{'长' * 301}", "超过 300 个字"),
        ({"conversion": "许可", "asked_fee": "面议"}, "拟转化方式：许可；拟许可费用：面议", ""),
        ({"remark": "第一批"}, "第一批", ""),
    ],
)
def test_what_cannot_be_read_is_kept_as_a_remark_and_named(
    cells: dict[str, Cell | list[Cell]], remark: str, noted: str
) -> None:
    fields = Fields("patents", {"title": "一种水泵", **cells}, GIVEN)
    found = patents.patent(fields, CLASSIFIER)
    assert found.remark == remark
    assert any(noted in example for _, example in fields.notes) == bool(noted)


@pytest.mark.parametrize(
    "cells", [{"filing_date": "2019-02-30"}, {"grant_date": "2018-01-01", "filing_date": "2019-01-01"}]
)
def test_a_single_record_goes_back_to_its_writer(cells: dict[str, Cell]) -> None:
    with pytest.raises(RowError):
        patents.patent(
            Fields("patents", {"title": "一种水泵", **cells}, replace(GIVEN, strict=True)), CLASSIFIER
        )


def test_an_application_publication_is_no_grant() -> None:
    fields = Fields(
        "patents",
        {"title": "一种水泵", "publication_number": "CN109900001A", "grant_date": "2019-07-09"},
        GIVEN,
    )
    found = patents.patent(fields, CLASSIFIER)
    assert (found.publication_date, found.grant_date) == (date(2019, 7, 9), None)
    assert fields.notes[0][0] == patents.APPLICATION_ONLY
    both = patent(publication_number="CN109900001A", grant_date="2021-07-09", publication_date="2019-07-09")
    assert (both.publication_date, both.grant_date) == (date(2019, 7, 9), date(2021, 7, 9))


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        ({"kind": "发明申请"}, ("2020-03-20", None)),
        ({"kind": "发明"}, ("2020-03-20", None)),
        ({"kind": "发明授权"}, (None, "2020-03-20")),
        ({"kind": "发明", "legal_status": "发明专利权授予"}, (None, "2020-03-20")),
        ({"kind": "发明", "legal_status": "专利权的终止"}, (None, "2020-03-20")),
        ({"kind": "发明", "legal_status": "失效"}, ("2020-03-20", None)),
        ({"kind": "实用新型"}, ("2020-03-20", "2020-03-20")),
        ({"legal_status": "有效", "publication_number": "CN109900001A"}, ("2020-03-20", None)),
    ],
)
def test_a_combined_date_is_told_by_kind_and_status(
    cells: dict[str, Cell | list[Cell]], dates: tuple[str | None, str | None]
) -> None:
    found = patent(publication_or_grant_date="2020-03-20", **cells)
    assert tuple(day and str(day) for day in (found.publication_date, found.grant_date)) == dates


@pytest.mark.parametrize(
    "cells",
    [
        {"publication_number": "US-9990001-B2"}, {"publication_number": "JP 2099900001 A"}, {"publication_number": "WO2020/123456 A1"},
        {"application_number": "US 201099990001 A"}, {"office": "US"}, {"office": "美国"},
    ],
)  # fmt: skip
def test_documents_of_other_offices_are_refused_as_such(cells: dict[str, Cell | list[Cell]]) -> None:
    with pytest.raises(RowError, match="不是中国专利文献"):
        patent(**cells)


@pytest.mark.parametrize(
    ("number_as_written", "number_kept", "publication"),
    [
        ("CN 202119950020 A", "202119950020.2", None), ("专利号：ZL202119950020.2（已授权）", "202119950020.2", None),
        ("CN 119950020 A", None, "CN119950020A"), ("公开号：CN119950020A", None, "CN119950020A"),
    ],
)  # fmt: skip
def test_application_and_publication_are_told_by_form_and_letter(
    number_as_written: str, number_kept: str | None, publication: str | None
) -> None:
    found = patent(application_number=number_as_written)
    assert found.application_number == number_kept
    assert [p.number for p in found.publications] == ([publication] if publication else [])


def test_a_chinese_serial_of_a_design_class_is_dropped() -> None:
    assert patent(locarno="21-01-C0293").locarno == "21-01"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("武汉大学", "高校"), ("示例海外大学", "高校"), ("武汉大学人民医院", "医疗机构"), ("中国科学院示例研究所", "科研院所"),
        ("国家电网有限公司", "国企"), ("示例研究院有限公司", "企业"), ("张示例", "个人"), ("欧阳示例", "个人"),
        ("M·B·范德示例", "个人"), ("一种泵", "未识别"), ("示例部队", "未识别"),
    ],
)  # fmt: skip
def test_kinds_of_holders(name: str, kind: str) -> None:
    found, rule = kind_of(name)
    assert found.label == kind
    assert rule


def test_splitting_of_names() -> None:
    assert split("示例大学;??示例公司;") == ["示例大学", "示例公司"]
    assert split("示例医院(示例大学附属医院、示例研究所)") == ["示例医院(示例大学附属医院、示例研究所)"]
    assert split("示例大学 示例研究所") == ["示例大学", "示例研究所"]
    assert split("Example Co., Ltd.") == ["Example Co., Ltd."]
    assert split("叶示例510030广东省广州市越秀区示例路1号(广东,广州)") == ["叶示例"]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("430070湖北省武汉市洪山区示例路1号", Place("420000", "420100")),
        ("湖北恩施市示例路", Place("420000", "422800")),
        ("吉林省吉林市示例路", Place("220000", "220200")),
        ("吉林市示例路", Place("220000", "220200")),
        ("武汉市洪山区", Place("420000", "420100")),
        ("上海市浦东新区", Place("310000")),
        ("420100", Place("420000", "420100")),
        ("315803", Place()),
        ("美国加利福尼亚州", Place()),
    ],
)
def test_places(address: str, place: Place) -> None:
    assert locate(address, GIVEN.places) == place


def test_columns_of_place_go_before_the_address() -> None:
    assert combine("湖北", "宜昌", "北京市海淀区", GIVEN.places) == Place("420000", "420500")
    assert combine("", "", "湖北省宜昌市", GIVEN.places) == Place("420000", "420500")
    assert combine("浙江;33", "", "315803", GIVEN.places) == Place("330000")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2012.5.1", "2012-05-01"), ("20120501", "2012-05-01"), ("2012/05/01 00:00:00", "2012-05-01"), (20120501.0, "2012-05-01"),
        ("２０１２年５月１日", "2012-05-01"), (45292.0, "2024-01-01"), ("45292", "2024-01-01"), ("13/5/2012", "2012-05-13"),
    ],
)  # fmt: skip
def test_dates(written: str | float, day: str) -> None:
    assert str(parse_date(written)) == day


@pytest.mark.parametrize("written", ["2012", "5/6/2012", "2012-02-30", "昨天", "123456789"])
def test_no_dates(written: str) -> None:
    with pytest.raises(ValueError, match=r"日|月"):
        parse_date(written)


def test_amounts() -> None:
    assert parse_amount("80", 10_000) == Decimal(800_000)
    assert parse_amount("0.5亿元", 10_000) == Decimal(50_000_000)
    assert parse_amount("面议") is None
    with pytest.raises(ValueError, match="不是金额"):
        parse_amount("很多")
