"""Patents, needs, enterprises and licences over REST: create, read, replace, list; conflicts and wrong values."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest

from ingestion.identifiers.application_number import check_digit


def number_of(serial: int, year: int = 2021) -> str:
    body = f"{year}1{serial:07d}"
    return f"{body}.{check_digit(body)}"


def post(client: httpx.Client, noun: str, **body: Any) -> httpx.Response:
    return client.post(f"/api/v1/{noun}", json=body)


def created(client: httpx.Client, noun: str, **body: Any) -> dict[str, Any]:
    response = post(client, noun, **body)
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    return record


def unique(stem: str) -> str:
    return f"{stem}{uuid4().hex[:8]}"


def test_a_patent_is_checked_and_enriched_as_a_row_of_a_file(client: httpx.Client) -> None:
    number = number_of(9950001)
    patent = created(
        client,
        "patents",
        title="一种示例导热膜",
        application_number=f"ZL {number.replace('.', '')}",
        publication_number=["CN119950001A"],
        holders=["示例江城理工大学", "示例导热材料有限公司"],
        ipc=["H01M 10/613(2014.01)I"],
        filing_date="2021-03-12",
        address="湖北省宜昌市示例路1号",
        legal_status="审中",
    )
    assert patent["application_number"] == number
    assert (patent["kind"], patent["kind_name"]) == ("invention", "发明")
    assert patent["holders"] == ["示例江城理工大学", "示例导热材料有限公司"]
    assert patent["holder_kind"] == "university"
    assert patent["ipc"] == ["H01M10/613"]
    assert (patent["province"], patent["prefecture"]) == ("420000", "420500")
    assert {ref["scheme"] for ref in patent["classes"]} == {"industry", "segment"}
    assert patent["in_force"] is False
    assert client.get(f"/api/v1/patents/{patent['id']}").json() == {
        key: value for key, value in patent.items() if key != "notes"
    }


def test_a_patent_is_replaced_as_a_whole(client: httpx.Client) -> None:
    number = number_of(9950002)
    before = created(
        client, "patents", title="一种旧名称", application_number=number, abstract="摘要", ipc=["A01B1/00"]
    )
    response = client.put(
        f"/api/v1/patents/{before['id']}",
        json={"title": "一种新名称", "application_number": number, "holders": ["示例新持有人大学"]},
    )
    assert response.status_code == 200, response.text
    after = response.json()
    assert (after["id"], after["title"], after["abstract"], after["ipc"]) == (
        before["id"],
        "一种新名称",
        "",
        [],
    )
    assert after["holders"] == ["示例新持有人大学"]


def test_a_patent_without_number_is_a_draft_that_cannot_be_licensed(client: httpx.Client) -> None:
    draft = created(client, "patents", title=unique("一种无号草稿"))
    assert (draft["draft"], draft["flags"]) == (True, ["缺申请号"])
    assert post(client, "patents", title=draft["title"]).status_code == 409


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"title": "甲", "application_number": "202110000001.0"}, "按号码计算应为"),
        ({"title": "甲", "application_number": "2.02E+12"}, "科学计数法"),
        ({"application_number": "202110000001"}, "专利名称（title）：缺少必填项"),
        ({"title": "甲", "ipc": ["ZZZ"]}, "IPC 分类号“ZZZ”的格式不对"),
        ({"title": "甲", "kind": "商标"}, "invention（发明）"),
        ({"title": "甲", "filing_date": "2021-13-01"}, "应为日期"),
        ({"title": "甲", "filing_date": "2999-01-01"}, "不合理"),
        ({"title": "甲", "filing_date": "2020-01-02", "grant_date": "2020-01-01"}, "早于申请日"),
        ({"title": "甲\x00"}, "空字符"),
        ({"title": "甲" * 1001}, "最多 1000 个字符"),
        ({"title": "甲", "colour": "red"}, "不支持此字段"),
    ],
)
def test_a_wrong_patent_is_refused(client: httpx.Client, body: dict[str, Any], reason: str) -> None:
    response = post(client, "patents", **body)
    assert response.status_code == 422
    assert reason in response.json()["detail"]


@pytest.mark.parametrize(
    ("noun", "body", "field", "label"),
    [
        ("patents", {"title": "甲", "application_number": "202110000001.0"}, "application_number", "申请号"),
        ("patents", {"title": "甲", "filing_date": "明天"}, "filing_date", "申请日"),
        ("enterprises", {"name": "示例有限公司", "credit_code": "123"}, "credit_code", "统一社会信用代码"),
        ("needs", {"title": "甲", "text": "乙", "budget": -1}, "budget", "预算"),
    ],
)
def test_a_wrong_field_is_named_as_in_the_request_and_in_chinese(
    client: httpx.Client, noun: str, body: dict[str, Any], field: str, label: str
) -> None:
    [problem] = post(client, noun, **body).json()["errors"]
    assert (problem["field"], problem["label"]) == (field, label)


def test_an_application_number_belongs_to_one_patent(client: httpx.Client) -> None:
    number = number_of(9950003)
    created(client, "patents", title="一种甲", application_number=number)
    other = created(client, "patents", title="一种乙", application_number=number_of(9950004))
    assert post(client, "patents", title="一种丙", application_number=number).status_code == 409
    taken = client.put(
        f"/api/v1/patents/{other['id']}", json={"title": "一种乙", "application_number": number}
    )
    assert taken.status_code == 409
    assert number in taken.json()["detail"]


def test_needs_take_region_and_industry_from_their_enterprise(client: httpx.Client) -> None:
    firm = created(
        client,
        "enterprises",
        name=unique("示例阀门有限公司"),
        industry="C3443",
        prefecture="荆州市",
        province="湖北省",
        revenue=123456.78,
    )
    need = created(
        client,
        "needs",
        title=unique("阀门密封"),
        text="高温阀门密封面容易咬死",
        enterprise_id=firm["id"],
        cooperation="许可",
    )
    assert (need["enterprise_name"], need["industry"], need["prefecture"]) == (firm["name"], "3443", "421000")
    assert (need["cooperation"], need["status_name"]) == ("licence", "征集中")
    replaced = client.put(
        f"/api/v1/needs/{need['id']}", json={"title": need["title"], "text": "改述", "status": "已关闭"}
    ).json()
    assert (replaced["id"], replaced["code"], replaced["text"]) == (need["id"], need["code"], "改述")
    assert replaced["status"] == "closed"
    assert replaced["enterprise_id"] is None


def test_enterprises_keep_doubtful_credit_codes_with_a_note(client: httpx.Client) -> None:
    firm = created(client, "enterprises", name=unique("示例存疑有限公司"), credit_code="91350203M0001QAY9B")
    assert firm["credit_code"] == "91350203M0001QAY9B"
    assert any("统一社会信用代码" in note for note in firm["notes"])
    assert post(client, "enterprises", name=firm["name"]).status_code == 409


def test_a_licence_stays_within_the_law(client: httpx.Client) -> None:
    number = number_of(9950010, 2015)
    terms: dict[str, Any] = {
        "application_number": number,
        "payment_form": "一次总付",
        "fixed_fee": 30000,
        "status": "已公告",
    }
    assert post(client, "licences", **terms).status_code == 404
    created(
        client,
        "patents",
        title="一种可许可装置",
        application_number=number,
        filing_date="2015-05-01",
        grant_date="2017-05-01",
    )
    too_long = post(client, "licences", **terms, starts_on="2026-01-01", ends_on="2036-01-01")
    assert too_long.status_code == 422
    assert "2035-04-30" in too_long.json()["detail"]
    licence = created(client, "licences", **terms, starts_on="2026-01-01", ends_on="2028-12-31")
    assert licence["terms"] == "一次总付，3 万元，许可期限 2026-01-01 至 2028-12-31，全国"
    assert post(client, "licences", **terms).status_code == 409
    changed = client.put(f"/api/v1/licences/{licence['id']}", json=terms | {"status": "withdrawn"})
    assert changed.json()["status_name"] == "已撤回"
    assert post(client, "licences", **(terms | {"payment_form": "免费"})).status_code == 422


@pytest.mark.parametrize("noun", ["patents", "needs", "enterprises", "licences", "imports"])
def test_lists_are_paged_and_sorted(client: httpx.Client, noun: str) -> None:
    def page(**params: Any) -> dict[str, Any]:
        response = client.get(f"/api/v1/{noun}", params=params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    first, second = page(size=2, sort="id"), page(size=2, sort="id", page=2)
    assert first["total"] == second["total"] > 2
    assert [r["id"] for r in first["items"] + second["items"]] == sorted(
        {r["id"] for r in first["items"] + second["items"]}
    )
    last = page(size=1, sort="-id")["items"][0]["id"]
    assert last >= max(r["id"] for r in second["items"])
    assert page(page=999_999)["items"] == []


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"sort": "colour"}, "可用的排序字段"),
        ({"size": 201}, "应不大于 200"),
        ({"page": 0}, "应不小于 1"),
        ({"kind": "商标"}, "可用的取值"),
        ({"colour": "red"}, "不支持此字段"),
    ],
)
def test_wrong_list_parameters_are_refused(client: httpx.Client, params: dict[str, Any], reason: str) -> None:
    response = client.get("/api/v1/patents", params=params)
    assert response.status_code == 422
    assert reason in response.text


def test_patents_are_filtered(client: httpx.Client) -> None:
    def count(**params: Any) -> int:
        total: int = client.get("/api/v1/patents", params=params).json()["total"]
        return total

    everything = count()
    parts = [count(kind=kind) for kind in ("invention", "utility_model", "design")]
    assert 0 < max(parts) < everything
    assert count(text="100%") <= count(text="%") < everything
    assert count(holder="示例") == count(holder="示 例")
    assert 0 < count(ipc="H", region="420000") < count(ipc="H") < everything


@pytest.mark.parametrize(
    ("noun", "field", "code", "name"),
    [
        ("patents", "region", "420100", "武汉市"),
        ("patents", "region", "420100", "武汉"),
        ("patents", "segment", "HB03", None),
        ("patents", "industry", "C", "制造业"),
        ("patents", "kind", "utility_model", "实用新型"),
        ("patents", "holder_kind", "university", "高校"),
        ("needs", "region", "420000", "湖北"),
        ("needs", "industry", "C", "制造业"),
        ("needs", "status", "open", "征集中"),
        ("enterprises", "region", "420100", "武汉市"),
        ("enterprises", "industry", "C", "制造业"),
        ("licences", "status", "published", "已公告"),
    ],
)
def test_lists_are_filtered_by_code_and_by_name(
    client: httpx.Client, noun: str, field: str, code: str, name: str | None
) -> None:
    def total(**params: Any) -> int:
        response = client.get(f"/api/v1/{noun}", params=params)
        assert response.status_code == 200, response.text
        answer: int = response.json()["total"]
        return answer

    if name is None:
        segments = client.get("/api/v1/segments").json()["segments"]
        name = next(segment["name"] for segment in segments if segment["code"] == code)
    assert 0 < total(**{field: code}) == total(**{field: name}) <= total()


def test_a_need_is_found_by_its_segment(client: httpx.Client) -> None:
    # Other tests of the session register needs that have no segment.
    need, code = next(
        (need, ref["code"])
        for need in client.get("/api/v1/needs", params={"size": 200}).json()["items"]
        for ref in need["classes"]
        if ref["scheme"] == "segment"
    )
    found = client.get("/api/v1/needs", params={"segment": code, "size": 200}).json()
    assert need["id"] in [item["id"] for item in found["items"]]
    assert 0 < found["total"] < client.get("/api/v1/needs").json()["total"]


@pytest.mark.parametrize(
    ("noun", "params", "reason"),
    [
        ("patents", {"region": "汉武"}, "未找到地区“汉武”，请填写省、市（州）名称或代码，如“武汉市”"),
        ("patents", {"region": "武汉城"}, "如“武汉市”"),
        ("patents", {"segment": "生命建康"}, " 生命健康”"),
        ("patents", {"industry": "电池制作"}, "如“电池制造”"),
        ("patents", {"ipc": "ZZ"}, "IPC 前缀"),
        ("needs", {"industry": "C999"}, "不在 GB/T 4754-2017 之内"),
        ("needs", {"status": "已完结"}, "征集中"),
        ("enterprises", {"region": "麻城市"}, "未找到地区“麻城市”，请填写省、市（州）名称或代码，如“黄冈市”"),
    ],
)
def test_unknown_conditions_are_named_with_what_is_near(
    client: httpx.Client, noun: str, params: dict[str, str], reason: str
) -> None:
    response = client.get(f"/api/v1/{noun}", params=params)
    assert response.status_code == 422, response.text
    (error,) = response.json()["errors"]
    assert (error["field"], reason in error["reason"]) == (next(iter(params)), True), error


@pytest.mark.parametrize("noun", ["patents", "needs", "enterprises"])
def test_a_list_is_exported_as_it_is_shown(client: httpx.Client, noun: str) -> None:
    params: dict[str, str | int] = {"region": "湖北省", "sort": "-id", "size": 5}
    listed = client.get(f"/api/v1/{noun}", params=params).json()
    response = client.get(f"/api/v1/{noun}/export.xlsx", params=params)
    assert response.status_code == 200, response.text
    workbook = openpyxl.load_workbook(io.BytesIO(response.content))
    heads, *rows = [[cell.value for cell in row] for row in workbook.worksheets[0].iter_rows()]
    ids = [row[heads.index("系统编号")] for row in rows]
    assert len(ids) == listed["total"]
    assert ids[:5] == [item["id"] for item in listed["items"]]
    assert "省级或地级行政区划的代码或名称：湖北省" in [row[0].value for row in workbook["说明"].iter_rows()]
    assert client.get(f"/api/v1/{noun}/export.xlsx", params={"sort": "colour"}).status_code == 422


@pytest.mark.parametrize("noun", ["patents", "needs", "enterprises", "licences", "imports"])
def test_unknown_and_impossible_ids(client: httpx.Client, noun: str) -> None:
    assert client.get(f"/api/v1/{noun}/2147483647").status_code == 404
    assert client.get(f"/api/v1/{noun}/{10**30}").status_code == 422
    assert client.get(f"/api/v1/{noun}/abc").status_code in (404, 422)


def test_segments_and_generations_are_listed(client: httpx.Client) -> None:
    catalogue = client.get("/api/v1/segments").json()
    assert (catalogue["version"], catalogue["status_name"]) == ("HB-2021.1", "待官方核定")
    assert [s["code"] for s in catalogue["segments"]] == [f"HB{n:02d}" for n in range(1, 36)]
    assert client.get("/api/v1/segments", params={"version": "HB-2021.1"}).json() == catalogue
    assert client.get("/api/v1/segments", params={"version": "HB-1999"}).status_code == 404
    assert client.get("/api/v1/generations").json()["items"][0]["status"] == "active"


@pytest.mark.parametrize("path", ["needs", "patents", "matches"])
def test_half_a_character_is_refused(client: httpx.Client, path: str) -> None:
    for body in (
        rb'{"title": "\ud800", "text": "\u5370"}',
        rb'{"title": "t", "text": "t", "\udfff": [{"\udc00": 1}]}',
    ):
        response = client.post(f"/api/v1/{path}", content=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 422, response.text
