"""Layouts of public databases and of usual forms, rebuilt with invented rows: imported without a mapping by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest

from api_tests.ingestion.invented import Import, counts, number
from catalog.db import Database
from catalog.demand import enterprises, needs
from catalog.kit.paging import ListQuery
from catalog.supply import patent_lists
from catalog.supply.patent_lists import PatentFilter
from catalog.supply.patents import Patent

N, U, S = number(1), number(2, kind=2), number(3, kind=3)
ABSTRACT = "本发明公开了一种示例阀，包括阀体和阀芯，阀体内设有导流片，用于降低噪声，便于安装，适用于管道。"


def table(*rows: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def patents(database: Database) -> list[Patent]:
    with database.read() as session:
        return list(patent_lists.page(session, ListQuery(sort="id"), PatentFilter()).rows)


def docdb(application: str, letter: str) -> str:
    return f"CN {application[:12]} {letter}"


INCOPAT = table(
    ["序号", "标题 (中文)", "标题 (英文)", "摘要 (中文)", "摘要 (英文)", "申请人", "公开（公告）号", "公开（公告）日", "申请号", "申请日",
     "专利类型", "公开类型", "申请人地址", "中国申请人地市", "中国申请人区县", "发明人", "IPC主分类", "IPC", "法律状态", "专利有效性",
     "被引证次数", "链接到incoPat"],
    ["1", "一种示例阀", "Example valve", ABSTRACT, "An example valve.", "示例大学", "CN119900001B", "20210301", f"CN{N}", "20190102",
     "发明", "授权发明", "湖北省武汉市洪山区示例路1号", "武汉",
     "洪山区", "张三; 李四", "F16K1/00", "F16K1/00; F16K3/00", "授权", "有效", "3",
     "http://example.invalid"],
)  # fmt: skip
PATSNAP = table(
    ["公开(公告)号", "标题", "摘要", "[标]原始申请(专利权)人",
     "[标]当前申请(专利权)人", "当前申请(专利权)人地址", "当前申请(专利权)人州/省",
     "发明人", "申请号", "申请日", "公开(公告)日", "授权日",
     "IPC分类号", "IPC主分类号", "专利类型", "简单法律状态", "法律状态/事件", "受理局",
     "优先权号", "备注"],
    ["CN119900001B", "一种示例阀", ABSTRACT, "示例研究所", "示例大学", "湖北省武汉市洪山区示例路1号", "湖北", "张三 | 李四", f"CN{N}",
     "2019-01-02", "2021-03-01", "2021-03-01", "F16K1/00 | F16K3/00", "F16K1/00", "授权发明", "有效", "授权", "中国", "", "第一批"],
)  # fmt: skip
CNIPA = table(
    ["序号", "申请公布号/授权公告号", "申请公布日/授权公告日", "申请号",
     "申请日", "专利名称", "申请人/专利权人", "发明人/设计人", "地址", "分类号",
     "摘要/简要说明", "专利代理机构", "代理人", "专利类型", "事务数据"],
    ["1", "CN219900002U", "2020.06.12", U, "2019.01.02", "一种示例阀", "示例大学", "张三;李四", "430070湖北省武汉市洪山区示例路1号",
     "F16K1/00(2006.01)I", ABSTRACT, "示例代理公司", "王五", "实用新型", "授权"],
)  # fmt: skip
CNKI = table(
    ["SrcDatabase-来源库", "Title-题名", "Author-作者", "Organ-单位",
     "Source-文献来源", "Keyword-关键词", "Summary-摘要", "PubTime-发表时间",
     "FirstDuty-第一责任人", "Fund-基金", "Year-年", "CLC-中图分类号", "URL-网址"],
    ["中国专利", "一种示例阀", "张三;李四;", "示例大学;", "", "阀;;导流", ABSTRACT, "2021-03-01", "张三;", "", "2021", "TH13", ""],
)  # fmt: skip
LENS = table(
    ["#", "Jurisdiction", "Kind", "Display Key", "Lens ID",
     "Publication Date", "Publication Year", "Application Number", "Application Date",
     "Priority Numbers", "Earliest Priority Date", "Title", "Abstract", "Applicants", "Inventors", "Owners", "URL", "Document Type",
     "Has Full Text", "Cites Patent Count", "Cited by Patent Count", "Simple Family Size", "Extended Family Size", "Sequence Count",
     "CPC Classifications", "IPCR Classifications", "US Classifications", "NPL Citation Count", "Legal Status"],
    ["1", "CN", "B", "CN 119900001 B", "000-1", "2021-03-01", "2021", docdb(N, "A"), "2019-01-02", "", "", "一种示例阀", ABSTRACT,
     "示例大学;;示例研究所", "张三;;李四", "示例大学", "",
     "Granted Patent", "yes", "1", "3", "1", "1", "0", "F16K1/00", "F16K1/00;;F16K3/00",
     "", "0", "ACTIVE"],
    ["2", "US", "B2", "US 9990001 B2", "000-2", "2012-03-04", "2012", "US 201099990001 A", "2010-05-01", "", "", "Example", "", "EXAMPLE",
     "", "", "", "Granted Patent", "yes", "1", "3", "1", "1", "0", "F16K1/00", "F16K1/00", "", "0", "EXPIRED"],
)  # fmt: skip
GOOGLE = table(
    ["search URL:", "https://example.invalid/?q=(example)"],
    ["id", "title", "assignee", "inventor/author", "priority date",
     "filing/creation date", "publication date", "grant date", "result link",
     "representative figure link"],
    ["CN-119900001-B", "一种示例阀", "示例大学", "张三, 李四", "2019-01-02", "2019-01-02", "2021-03-01", "2021-03-01", "", ""],
    ["US-9990001-B2", "Example", "EXAMPLE", "A", "2010-01-01", "2010-05-01", "2012-03-04", "2012-03-04", "", ""],
)  # fmt: skip
DERWENT = table(
    ["示例检索报告"], ["导出日期：2026-01-01"], [""],
    ["公开号", "标题", "标题 - DWPI", "优先权号",
     "优先权号/优先权日 - DWPI", "优先权日", "申请号", "申请日期", "公开专利文献类型识别代码", "公开日期",
     "发明人 - 带有地址", "专利权人/申请人", "摘要", "摘要 - DWPI", "IPC - 现版", "DWPI 同族成员", "施引专利计数"],
    ["CN119900001B", "一种示例阀", "Example valve", "", "", "2019-01-02", f"CN{N[:12]}A", "2019-01-02", "B", "2021-03-01",
     "张三 | 李四", "示例大学 | 示例研究所", ABSTRACT, "NOVELTY - An example.", "F16K1/00 | F16K3/00", "CN119900001B", "3"],
)  # fmt: skip
SOOPAT = table(
    ["专利名称", "申请号", "申请日", "公开(公告)号", "公开(公告)日",
     "申请(专利权)人", "发明(设计)人", "地址", "国省代码", "主分类号", "分类号",
     "专利代理机构", "代理人", "摘要", "法律状态"],
    ["示例手持仪", S, "2019.01.02", "CN309900003S", "2020.04.03", "示例大学", "张三;李四", "430070湖北省武汉市洪山区示例路1号", "湖北;42",
     "21-01-C0293", "21-01-C0293", "示例代理公司", "王五", "1.本外观设计产品的名称：示例手持仪。2.用途：检测。", "有权"],
)  # fmt: skip
UNIVERSITY = table(
    ["示例大学拟转化专利清单"],
    ["序号", "专利名称", "专利号", "专利类型", "专利权人", "发明人",
     "授权日期", "技术简介", "拟转化方式", "拟许可费用（万元）", "联系人及电话"],
    ["1", "一种示例阀", f"ZL{N}", "发明", "示例大学", "张三、李四", "2021-03-01", ABSTRACT, "普通许可、转让", "5", "王五 027-00000000"],
)  # fmt: skip
LAYOUTS = {
    "incoPat": (INCOPAT, 0), "PatSnap": (PATSNAP, 0), "CNIPA": (CNIPA, 0), "CNKI": (CNKI, 0), "Lens": (LENS, 1), "Google": (GOOGLE, 1),
    "Derwent": (DERWENT, 0), "SooPAT": (SOOPAT, 0), "university": (UNIVERSITY, 0),
}  # fmt: skip
NAMED_AS_UNREAD = {"CNIPA": ["事务数据"]}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_imports_without_a_mapping_by_hand(
    database: Database, import_text: Import, name: str
) -> None:
    content, foreign = LAYOUTS[name]
    report = import_text(content, f"{name}.csv")
    assert counts(report) == (1, 0, 0, foreign), report.refusals
    assert all("不是中国专利文献" in refusal.reason for refusal in report.refusals)
    (patent,) = patents(database)
    assert patent.title in ("一种示例阀", "示例手持仪")
    assert patent.abstract.startswith(("本发明公开", "1.本外观")) or name == "Google"
    assert patent.inventors == ["张三", "李四"]
    unread = [message.partition("：")[2] for message in report.messages if "未识别、未导入" in message]
    assert unread == ["、".join(names) for names in [NAMED_AS_UNREAD.get(name, [])] if names]


@pytest.mark.parametrize("name", ["incoPat", "PatSnap", "Lens", "Derwent"])
def test_dates_and_numbers_of_a_granted_invention(database: Database, import_text: Import, name: str) -> None:
    import_text(LAYOUTS[name][0], "a.csv")
    (patent,) = patents(database)
    assert patent.application_number == N
    assert (str(patent.filing_date), str(patent.grant_date)) == ("2019-01-02", "2021-03-01")


@pytest.mark.parametrize("name", ["incoPat", "PatSnap", "CNIPA", "SooPAT"])
def test_the_address_tells_the_county(database: Database, import_text: Import, name: str) -> None:
    import_text(LAYOUTS[name][0], "a.csv")
    (patent,) = patents(database)
    assert (patent.province, patent.prefecture, patent.county) == ("420000", "420100", "420111")


def test_a_list_of_a_university_keeps_contact_and_asked_fee(database: Database, import_text: Import) -> None:
    import_text(UNIVERSITY, "a.csv")
    (patent,) = patents(database)
    assert patent.contact == "王五 027-00000000"
    assert patent.remark == "拟转化方式：普通许可、转让；拟许可费用：5（万元）"


NEEDS_FORM = table(
    ["企业技术需求征集表"],
    ["序号", "企业名称", "统一社会信用代码", "所在市州", "企业资质",
     "技术需求名称", "技术需求内容", "拟投入资金（万元）", "合作方式", "联系人",
     "联系电话", "截止日期"],
    ["1", "示例仪器有限公司", "91420100DEM0000061", "宜昌市夷陵区",
     "国家级专精特新小巨人；高新技术企业", "零点漂移校准", "检测仪零点漂移，需要自校准。",
     "面谈", "许可", "王五", "027-00000000", "长期有效"],
)  # fmt: skip


def test_a_form_of_a_firm_feeds_its_need_and_the_firm(database: Database, import_text: Import) -> None:
    report = import_text(NEEDS_FORM, "征集表.csv", "needs")
    assert counts(report) == (1, 0, 0, 0), report.refusals
    assert not [message for message in report.messages if "未识别" in message]
    with database.read() as session:
        (need,) = needs.page(session, ListQuery()).rows
        firm = enterprises.get(session, need.enterprise_id or 0)
    assert (need.prefecture, need.county, need.contact) == ("420500", "420506", "王五，027-00000000")
    assert (need.closes_on, need.budget) == (None, None)
    assert need.remark == "预算：面谈（万元）；截止日期：长期有效"
    assert (firm.credit_code, firm.prefecture, firm.county) == ("91420100DEM0000061", "420500", "420506")
    assert firm.titles == ["国家级专精特新小巨人", "高新技术企业"]
    assert counts(import_text(NEEDS_FORM, "征集表.csv", "needs")) == (0, 0, 1, 0)


def test_a_form_does_not_overwrite_what_is_known_of_the_firm(database: Database, import_text: Import) -> None:
    import_text("企业名称,资质,城市\n示例仪器有限公司,省级专精特新,武汉\n", "企业.csv", "enterprises")
    import_text(NEEDS_FORM, "征集表.csv", "needs")
    with database.read() as session:
        firm = enterprises.find(session, "示例仪器有限公司")
    assert firm is not None
    assert (firm.titles, firm.prefecture, firm.credit_code) == (
        ["省级专精特新"],
        "420100",
        "91420100DEM0000061",
    )


def test_an_unknown_long_text_is_told_by_its_content(database: Database, import_text: Import) -> None:
    report = import_text(f"专利名称,申请号,我们的说法\n一种示例阀,{N},{ABSTRACT}\n", "a.csv")
    assert patents(database)[0].abstract == ABSTRACT
    assert any("“我们的说法”按内容识别为摘要" in message for message in report.messages)


def test_a_header_that_nobody_knows_is_no_record_and_its_columns_are_named(import_text: Import) -> None:
    rows = "".join(f"一种示例阀{p},张三,示例大学,2018-07-3{p},{ABSTRACT}\n" for p in (0, 1))
    report = import_text(f"tm,zz,com,sql,summ_text\n{rows}", "a.csv")
    assert counts(report) == (2, 0, 0, 0)
    assert any("sql" in message for message in report.messages)


def test_a_cell_that_repeats_the_name_of_its_column_is_empty(database: Database, import_text: Import) -> None:
    header = "专利名称,申请号,标当前申请专利权人,代理机构,法律状态,信息描述\n"
    import_text(
        header + f"示例灯,{S},标当前申请专利权人,-1,法律状态,1.本外观设计产品的名称：示例灯。\n", "a.csv"
    )
    (patent,) = patents(database)
    assert (patent.agency, patent.legal_status, patent.abstract) == (
        None,
        None,
        "1.本外观设计产品的名称：示例灯。",
    )
    assert patent.remark is None
