"""Deals over REST: recorded, filed, paid, proved, exported; what they change in the eligibility of their patents."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from catalog.kit.errors import InvalidInput
from service.sheets.documents import DOCX_TYPE, XLSX_TYPE
from service.web.files import evidence_files

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
GIVER, TAKER = "示例交易大学", "示例交易设备有限公司"
NUMBERS = iter(range(9960001, 9969999))


def patent(client: httpx.Client) -> str:
    body = {
        "title": "一种可交易装置",
        "application_number": f"20211{next(NUMBERS):07d}",
        "holders": [GIVER],
        "ipc": ["H01M10/615"],
        "filing_date": "2021-03-12",
        "grant_date": "2023-08-18",
        "address": "湖北省武汉市示例路1号",
    }
    answer = client.post("/api/v1/patents", json=body)
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["application_number"]
    return number


def body_of(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "许可",
        "licence_type": "独占",
        "application_numbers": [number],
        "givers": [{"name": GIVER, "address": "湖北省武汉市示例路1号"}],
        "takers": [{"name": TAKER, "address": "湖北省宜昌市示例路2号"}],
        "payment_form": "分期支付",
        "contract_amount": 300000,
        "signed_on": "2025-03-03",
        "ends_on": "2028-03-02",
    } | changes


def recorded(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/deals", json=body_of(patent(client), **changes))
    assert answer.status_code == 201, answer.text
    deal: dict[str, Any] = answer.json()
    return deal


def test_a_deal_is_recorded_filed_paid_and_proved(client: httpx.Client) -> None:
    deal = recorded(client, broker="示例服务机构", three_party=True)
    address = f"/api/v1/deals/{deal['id']}"
    assert deal["takers"][0]["region_name"] == "宜昌市"
    assert (deal["givers"][0]["kind"], deal["licence_type_name"]) == ("university", "独占")
    assert (deal["received"], deal["outstanding"]) == ("0.00", "300000.00")
    assert deal["warnings"] == []
    filed = client.post(f"{address}/filing", json={"filing_number": "X1", "filed_on": "2025-04-01"})
    assert filed.json()["filing_number"] == "X1"
    for amount in (100000, 50000.5):
        paid = client.post(f"{address}/receipts", json={"received_on": "2025-05-01", "amount": amount})
        assert paid.status_code == 201, paid.text
    too_much = client.post(f"{address}/receipts", json={"received_on": "2025-06-01", "amount": 150000})
    assert too_much.status_code == 422
    assert "300000.5 元超过合同金额 300000 元（依据：财办建〔2021〕23号" in too_much.json()["detail"]
    receipt = paid.json()["receipts"][0]["id"]
    proof = client.post(
        f"{address}/evidence",
        files={"file": ("发票.exe", PDF)},
        data={"kind": "invoice", "receipt_id": str(receipt)},
    )
    assert proof.status_code == 201, proof.text
    shown = client.get(address).json()
    assert (shown["received"], shown["outstanding"]) == ("150000.50", "149999.50")
    assert shown["receipts"][0]["evidence"] == [proof.json()["id"]]
    loaded = client.get(f"{address}/evidence/{proof.json()['id']}")
    assert loaded.content == PDF
    assert loaded.headers["content-type"] == "application/pdf"
    assert loaded.headers["content-disposition"].startswith("attachment")
    assert loaded.headers["x-content-type-options"] == "nosniff"
    assert client.delete(f"{address}/receipts/{receipt}").status_code == 409
    assert client.delete(f"{address}/evidence/{proof.json()['id']}").status_code == 204
    assert client.delete(f"{address}/receipts/{receipt}").json()["received"] == "50000.50"
    steps = [step["action_name"] for step in client.get(f"{address}/history").json()["items"]]
    assert steps == ["登记", "备案", "到账", "到账", "上传证明材料", "移除证明材料", "删除到账记录"]


def test_an_exclusive_licence_at_once_bars_the_open_licence(client: httpx.Client) -> None:
    deal = recorded(client)
    numbers = [deal["patents"][0]["application_number"]]

    def barring() -> set[str]:
        answer = client.post("/api/v1/licences/check", json={"application_numbers": numbers})
        assert answer.status_code == 200, answer.text
        grounds = answer.json()["items"][0]["verdict"]["grounds"]
        return {ground["article"] for ground in grounds if ground["effect"] == "blocks"}

    assert any("八十六" in article or "86" in article for article in barring())
    closed = client.post(f"/api/v1/deals/{deal['id']}/closing", json={"reason": "登记有误"})
    assert closed.json()["status_name"] == "登记作废"
    assert barring() == set()


def test_deals_are_listed_by_conditions_and_exported(client: httpx.Client) -> None:
    first = recorded(client, takers=[{"name": "示例台账设备有限公司", "address": "湖北省荆州市示例路"}])
    recorded(client, contract_amount=1)

    def total(**params: Any) -> int:
        answer = client.get("/api/v1/deals", params=params)
        assert answer.status_code == 200, answer.text
        count: int = answer.json()["total"]
        return count

    assert total(taker="台账设备") == 1
    assert 0 < total(region="荆州市") < total(region="湖北省") == total(kind="licence")
    assert total(filed=True) + total(filed=False) == total()
    assert total(application_number=first["patents"][0]["application_number"]) == 1
    assert total(since="2999-01-01") == 0
    assert total(segment="HB01") <= total()
    amounts = [
        float(d["contract_amount"])
        for d in client.get("/api/v1/deals", params={"sort": "-contract_amount"}).json()["items"]
    ]
    assert amounts == sorted(amounts, reverse=True)
    assert client.get("/api/v1/deals", params={"region": "天府"}).status_code == 422
    book = load_workbook(
        io.BytesIO(client.get("/api/v1/deals/export.xlsx", params={"taker": "台账设备"}).content)
    )
    rows = list(book["交易"].iter_rows(values_only=True))
    assert len(rows) == 3
    found = dict(zip(rows[0], rows[1], strict=True))
    assert (found["受让方地区"], found["合同金额（万元）"], found["到账金额（万元）"]) == ("荆州市", 30, 0)
    assert (rows[2][0], rows[2][11]) == ("合计", 30)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "租赁"}, "transfer（转让）"),
        ({"licence_type": None}, "没有许可方式"),
        ({"contract_amount": -1}, "应不小于 0"),
        ({"ends_on": "2041-03-12"}, "最后有效日 2041-03-11"),
        ({"application_numbers": ["202110000001.0"]}, "application_numbers.0"),
        ({"takers": [{"name": GIVER}]}, "同时是出让方和受让方"),
        ({"givers": []}, "至少需要 1 项"),
        ({"signed_on": None}, "signed_on：缺少必填项"),
        ({"licence_type": "开放"}, "没有已公告的开放许可声明"),
    ],
)
def test_wrong_deals_are_refused(client: httpx.Client, changes: dict[str, Any], reason: str) -> None:
    response = client.post("/api/v1/deals", json=body_of(patent(client), **changes))
    assert response.status_code == 422, response.text
    assert reason in response.json()["detail"]


def test_a_case_is_advanced_with_its_deal(client: httpx.Client) -> None:
    deal = recorded(client)
    number = deal["patents"][0]["application_number"]
    need = client.get("/api/v1/needs", params={"size": 1}).json()["items"][0]
    offer = {"application_number": number, "need_id": need["id"], "generation": "g", "rank": 1}
    case = client.post("/api/v1/pipeline", json=offer)
    assert case.status_code == 201, case.text
    address = f"/api/v1/pipeline/{case.json()['id']}"
    assert client.post("/api/v1/pipeline", json=offer).status_code == 409
    for stage in ("已读", "有意向", "洽谈"):
        assert client.post(f"{address}/stage", json={"stage": stage}).status_code == 200
    assert client.post(f"{address}/stage", json={"stage": "备案"}).status_code == 409
    signed = client.post(f"{address}/stage", json={"stage": "签约", "deal_id": deal["id"]}).json()
    assert (signed["deal_code"], signed["next_stages"]) == (
        deal["code"],
        ["filed", "received", "negotiating", "ended"],
    )
    client.post(f"/api/v1/deals/{deal['id']}/filing", json={"filing_number": "X", "filed_on": "2025-04-01"})
    assert client.get(address).json()["stage_name"] == "备案"
    listed = client.get("/api/v1/pipeline", params={"stage": "filed", "application_number": number}).json()
    assert [item["id"] for item in listed["items"]] == [case.json()["id"]]


def packed(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0....", "image/jpeg"),
        (packed("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
        (packed("word/document.xml"), DOCX_TYPE),
        (packed("xl/workbook.xml"), XLSX_TYPE),
        (packed("xl/workbook.xml", "xl/vbaProject.bin"), None),
        (packed("anything.txt"), None),
        (b"PK\x03\x04 broken", None),
        (b"<html><script>alert(1)</script></html>", None),
        (b"MZ\x90\x00", None),
    ],
)
def test_the_type_of_evidence_is_judged_by_its_content(
    tmp_path: Path, content: bytes, media_type: str | None
) -> None:
    source = tmp_path / "合同.pdf"
    source.write_bytes(content)
    assert evidence_files.media_type_of(source) == media_type
    if media_type is None:
        with pytest.raises(InvalidInput, match="不是可接受的类型"):
            evidence_files.store(tmp_path / "kept", source)
        return
    stored = evidence_files.store(tmp_path / "kept", source)
    assert evidence_files.store(tmp_path / "kept", source) == stored
    kept = evidence_files.found(tmp_path / "kept", stored.sha256)
    assert (kept.read_bytes(), kept.name, oct(kept.stat().st_mode)[-3:]) == (content, stored.sha256, "440")


def test_empty_and_oversized_evidence_is_refused(client: httpx.Client) -> None:
    address = f"/api/v1/deals/{recorded(client)['id']}/evidence"
    large = PDF + b"0" * evidence_files.MAX_SIZE
    for content, status, reason in ((b"", 422, "空文件"), (large, 422, "超过上限 20 MB")):
        answer = client.post(address, files={"file": ("a.pdf", content)}, data={"kind": "contract"})
        assert (answer.status_code, reason in answer.text) == (status, True)


def test_the_level_of_a_state_owned_giver_and_the_unit_of_a_broker_are_kept(client: httpx.Client) -> None:
    code = "91420100MA4K00000X"
    broker = {"three_party": True, "broker": "示例层级服务机构", "broker_credit_code": code}
    deal = recorded(client, giver_level="省级", contract_amount=1_000_000, **broker)
    assert (deal["giver_level"], deal["giver_level_name"]) == ("provincial", "省级")
    subsidy = deal["broker_subsidy"]
    assert (subsidy["amount"], subsidy["forecast"], subsidy["state"][:2]) == ("50000.00", True, "预测")
    number = deal["patents"][0]["application_number"]
    body = body_of(number, giver_level="central", contract_amount=1_000_000, **broker)
    assert client.put(f"/api/v1/deals/{deal['id']}", json=body).json()["giver_level_name"] == "中央"
    for wrong in ({"giver_level": "县级"}, {"broker_credit_code": "123"}, {"starts_on": "0001-01-01"}):
        assert client.put(f"/api/v1/deals/{deal['id']}", json=body | wrong).status_code == 422
    content = client.get("/api/v1/deals/export.xlsx", params={"broker": "示例层级服务机构"}).content
    heads, row, total = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    shown = dict(zip(heads, row, strict=True))
    assert (shown["出让方国企层级"], shown["服务机构信用代码"]) == ("中央", code)
    assert (shown["服务机构资助（万元）"], shown["资助测算"]) == (5, subsidy["state"])
    assert dict(zip(heads, total, strict=True))["合同金额（万元）"] == 100
