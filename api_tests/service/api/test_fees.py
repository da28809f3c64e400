"""The fee bench over REST: figures from the catalogue, the Word and Excel sheet, wrong input."""

from __future__ import annotations

import io
from typing import Any

import docx
import httpx
import pytest
from openpyxl import load_workbook

from service.api.fees import EXAMPLE


def test_an_estimate_takes_what_the_catalogue_knows(client: httpx.Client) -> None:
    patent = next(
        p
        for p in client.get("/api/v1/patents", params={"size": 50, "kind": "invention"}).json()["items"]
        if p["filing_date"] and p["application_number"]
    )
    asked = {"application_number": patent["application_number"], "own_use": EXAMPLE["own_use"]}
    sheet = client.post("/api/v1/fees", json=asked).json()
    assert (sheet["title"], sheet["licensor"]) == (patent["title"], "、".join(patent["holders"]))
    assert sheet["industry"] in {ref["code"] for ref in patent["classes"]}
    # 5,000,000 x 12 % x 25 %, one licensee
    assert (sheet["methods"][0]["annual_fee"], sheet["label"]) == ("150000.00", "本系统算法")
    assert sheet["rules_version"].startswith("默认-")


@pytest.mark.parametrize("form", ["docx", "xlsx"])
def test_the_sheet_can_be_discussed(client: httpx.Client, form: str) -> None:
    response = client.post("/api/v1/fees/document", json=EXAMPLE, params={"format": form})
    assert response.status_code == 200
    content = io.BytesIO(response.content)
    if form == "docx":
        document = docx.Document(content)
        text = "\n".join(c.text for t in document.tables for row in t.rows for c in row.cells)
    else:
        book = load_workbook(content)
        text = "\n".join(str(c.value) for sheet in book for row in sheet.iter_rows() for c in row)
        assert book["五种方法"]["B2"].value == 10.9995
    assert "500 万元 × 12% × 25% × 0.7333 = 10.9995 万元/年" in text
    assert "入门费加提成" in text


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"application_number": "202110000001.0"}, 422, "application_number"),
        ({"industry": "没有的行业"}, 422, "国民经济行业"),
        ({"international": "炼金"}, 422, "可用：petrochemical（石油化工）"),
        ({"years": 21}, 422, "应不大于 20"),
        ({"licensees": 0}, 422, "应不小于 1"),
        ({"base": "M2", "earlier": None}, 422, "M2 未得出结果"),
        ({"owner": {"reductions": ["all"]}}, 422, "没有名为“all”的年费减缴"),
    ],
)
def test_wrong_input_is_explained(
    client: httpx.Client, change: dict[str, Any], status: int, reason: str
) -> None:
    response = client.post("/api/v1/fees", json=EXAMPLE | change)
    assert response.status_code == status
    assert reason in response.text


def test_values_are_taken_in_chinese_as_elsewhere(client: httpx.Client) -> None:
    chinese = EXAMPLE | {
        "earlier": {"fee": 300000, "years": 3, "licence_type": "独占"},
        "international": "电器",
        "owner": {"kind": "发明", "filing_date": "2018-03-01"},
    }
    one, other = (client.post("/api/v1/fees", json=body) for body in (EXAMPLE, chinese))
    assert (one.status_code, other.status_code) == (200, 200)
    assert one.json() == other.json()
    wrong = client.post("/api/v1/fees", json=EXAMPLE | {"earlier": {"licence_type": "独家"}})
    assert wrong.status_code == 422
    assert "exclusive（独占）" in wrong.text


def test_the_sheet_warns_of_a_licence_that_outlasts_the_patent(client: httpx.Client) -> None:
    body = EXAMPLE | {"years": 10, "owner": {"kind": "实用新型", "filing_date": "2018-03-01"}}
    sheet = client.post("/api/v1/fees", json=body).json()
    assert (sheet["patent_ends_on"], len(sheet["warnings"])) == ("2028-02-29", 1)
    document = docx.Document(io.BytesIO(client.post("/api/v1/fees/document", json=body).content))
    assert any("超过专利权最后有效日 2028-02-29" in paragraph.text for paragraph in document.paragraphs)
    assert client.post("/api/v1/fees", json=EXAMPLE | {"starts_on": "0001-01-01"}).status_code == 422
