"""Citations of every age: the number by its role, the day, inventors and, where an organisation is named, holders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.ingestion.invented import Import, counts, number
from ingestion.readers.citations import parse

NUMBER = number(1)
OLD = "88105607.3"


@pytest.mark.parametrize(
    ("cited", "role", "stated", "day"),
    [
        ("[P]. 江苏：CN1380001,2002-12-04.", "publication_number", "CN1380001", "2002-12-04"),
        ("[P]. 江苏:CN1380001A,2002-12-04", "publication_number", "CN1380001A", "2002-12-04"),
        ("[P]. 中国: CN 1380001 C. 2003-01-02.", "publication_number", "CN1380001C", "2003-01-02"),
        ("[P]. 湖北：CN101990001,2011-03-04.", "publication_number", "CN101990001", "2011-03-04"),
        ("[P]. 湖北：CN108990003A,2018年8月21日.", "publication_number", "CN108990003A", "2018-8-21"),
        ("[P]. CN219950031U.", "publication_number", "CN219950031U", None),
        ("[P]. 108990003A, 20180821", "publication_number", "CN108990003A", "2018-08-21"),
        (f":{NUMBER}[P].2021-01-01", "application_number", NUMBER, "2021-01-01"),
        (f"：中国，ZL{NUMBER}[P]", "application_number", NUMBER, None),
        (f"[P]. 中国专利: CN {NUMBER[:4]} {NUMBER[4]} {NUMBER[5:]}, 20210101", "application_number", NUMBER, "2021-01-01"),
        (f":中国,{OLD}[P].1989-07-26.", "application_number", OLD, "1989-07-26"),
        (f". 中国专利, {OLD.replace('.', '')}[P]. 1989-07-26.", "application_number", OLD.replace(".", ""), "1989-07-26"),
        (":01128777.2[P/OL].2002-03-06[2002-05-28].http://example.org/a", "application_number", "01128777.2", "2002-03-06"),
        (f":{NUMBER}[P/OL].[2022-05-28].http://example.org/a", "application_number", NUMBER, None),
        ("[P]. 北京：CN85100508B,1987-01-02", "application_number", "85100508", "1987-01-02"),
        ("[P]. 美国：US7990001B2,2010-01-26", "publication_number", "US7990001B2", "2010-01-26"),
    ],
)  # fmt: skip
def test_numbers_of_every_age(cited: str, role: str, stated: str, day: str | None) -> None:
    found = parse(f"[1]示例大学. 一种3D打印的V2.0示例泵{cited}")
    assert found is not None
    assert (found[role], found.get("publication_or_grant_date")) == (stated, day)
    assert (found["title"], found["holders"]) == ("一种3D打印的V2.0示例泵", "示例大学")


@pytest.mark.parametrize(
    ("named", "holders", "inventors"),
    [
        ("甲林一树,乙友泰裕,丙东元就. ", "", "甲林一树;乙友泰裕;丙东元就"),
        ("A·雅各示例,P·M·查利示例-埃德,葛某某. ", "", "A·雅各示例;P·M·查利示例-埃德;葛某某"),
        ("S·黄,R·林. ", "", "S·黄;R·林"),
        ("A. 雅各示例,B.查利. ", "", "A. 雅各示例;B.查利"),
        ("张三,李四,等.", "", "张三;李四"),
        ("张三等. ", "", "张三"),
        ("李园, 王站. ", "", "李园;王站"),
        ("示例大学,张三. ", "示例大学", "张三"),
        ("株式会社示例; 甲林一树. ", "株式会社示例", "甲林一树"),
        ("Example Co., Ltd. ", "Example Co., Ltd", ""),
        ("SMITH J, DOE A B. ", "", "SMITH J;DOE A B"),
        ("示例市水产良种繁育中心．", "示例市水产良种繁育中心", ""),
        ("", "", ""),
    ],
)
def test_who_is_named_before_the_title(named: str, holders: str, inventors: str) -> None:
    found = parse(f"[7]{named}一种示例化合物[P]. 美国：CN101990002A,2011-03-05.")
    assert found is not None
    assert (found["title"], found["holders"], found["inventors"]) == ("一种示例化合物", holders, inventors)


_NAMES = st.lists(
    st.sampled_from(["张三", "李四", "甲林一树", "P·M·查利示例-埃德", "示例大学", "示例机械有限公司"]),
    unique=True,
)


@given(_NAMES, st.sampled_from(["CN1380001", "CN101990002A", f"ZL{NUMBER}"]), st.booleans())
def test_nobody_named_is_lost(named: list[str], stated: str, is_dated: bool) -> None:
    people = f"{','.join(named)}. " if named else ""
    found = parse(f"[1]{people}一种示例装置[P]. 湖北：{stated}{',2011-03-05' if is_dated else ''}.")
    assert found is not None
    said = {*found["holders"].split(";"), *found["inventors"].split(";")} - {""}
    assert said == set(named)
    assert ("publication_or_grant_date" in found) is is_dated


def test_a_list_of_citations_of_several_ages_is_imported(import_text: Import) -> None:
    report = import_text(
        "[1]张三,李四. 示例基因药物[P]. 江苏：CN1380001,2002-12-04.\n\n"
        f"[2]甲林一树,乙友泰裕. 示例天线装置:{NUMBER}[P].2021-03-04.\n\n"
        "[3]示例大学,赵六. 一种示例检测方法[P]. 广东：CN108990003A,2018-08-21.\n"
        "[4]Example Corp. 示例换热器[P]. 美国：US7990001B2,2010-01-26.\n",
        "题录.txt",
    )
    assert counts(report) == (3, 0, 0, 1)
    assert "不是中国专利文献" in report.refusals[0].reason
    assert [(shown.get("专利权人"), shown.get("发明人")) for shown in report.preview] == [
        (None, "张三、李四"),
        (None, "甲林一树、乙友泰裕"),
        ("示例大学", "赵六"),
    ]


def test_a_list_without_numbers_has_a_citation_on_each_line(import_text: Import) -> None:
    report = import_text(
        "张三. 示例基因药物[P]. 江苏：CN1380001,2002-12-04.\n"
        "示例大学. 一种示例检测\n方法[P]. 广东：CN108990003A,2018-08-21.\n",
        "题录.txt",
    )
    assert counts(report) == (2, 0, 0, 0)
    assert [shown["专利名称"] for shown in report.preview] == ["示例基因药物", "一种示例检测方法"]
