"""Statistics by segment over REST, and deals and statistics from the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook

from api_tests.service.api.test_deals import recorded
from service.cli.main import main
from service.installation.runtime import Runtime


def test_figures_by_segment_name_their_catalogue(client: httpx.Client) -> None:
    deal = recorded(client, contract_amount=123456)
    answer = client.get("/api/v1/statistics/segments", params={"since": "2025-03-01", "until": "2025-03-31"})
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["catalogue"], report["counting"]) == ("HB-2021.1", "weighted")
    for name in ("contract_amount", "deals", "received"):
        assert sum(float(row[name]) for row in report["rows"]) == pytest.approx(float(report["total"][name]))
    assert float(report["total"]["contract_amount"]) >= 123456
    book = load_workbook(
        io.BytesIO(client.get("/api/v1/statistics/segments.xlsx", params={"region": "宜昌市"}).content)
    )
    assert book.sheetnames == ["按细分领域", "交易明细", "声明明细", "匹配明细", "说明"]
    assert book["按细分领域"].cell(book["按细分领域"].max_row, 2).value == "合计"
    assert deal["code"] in [row[0].value for row in book["交易明细"].iter_rows()]
    assert client.get("/api/v1/statistics/matches", params={"segment": "HB01"}).status_code == 200
    assert client.get("/api/v1/statistics/matches", params={"segment": "XX"}).status_code == 422


def test_contract_statistics_are_not_shown_for_few(client: httpx.Client) -> None:
    found = client.get("/api/v1/statistics/contracts", params={"industry": "0111"}).json()
    assert found["fixed"] is None or found["fixed"]["contracts"] > 20
    assert client.get("/api/v1/statistics/contracts", params={"industry": "没有"}).status_code == 422


def test_the_command_line_lists_and_exports(
    client: httpx.Client,
    installation: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(installation.settings.data))
    deal = recorded(client)
    assert main(["deals", "list", "--kind", "许可", "--region", "宜昌市", "--json"]) == 0
    assert deal["code"] in [item["code"] for item in json.loads(capsys.readouterr().out)["items"]]
    assert main(["deals", "export", str(tmp_path / "a.xlsx"), "--giver", "示例交易大学"]) == 0
    assert "已写入" in capsys.readouterr().out
    assert main(["statistics", "segments", "--counting", "each", "--out", str(tmp_path / "b.xlsx")]) == 0
    assert "合计" in capsys.readouterr().out
    assert load_workbook(tmp_path / "b.xlsx").sheetnames[0] == "按细分领域"
    assert main(["statistics", "segments", "--counting", "所有"]) == 2
    assert main(["statistics", "contracts"]) == 0
    assert "不公布" in capsys.readouterr().out


def test_the_command_line_estimates_fees(
    installation: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(installation.settings.data))
    assert main(["fees", "example"]) == 0
    data, sheet = tmp_path / "资料.toml", tmp_path / "参考表.docx"
    data.write_text(capsys.readouterr().out, "utf-8")
    assert main(["fees", "estimate", str(data), "--licensees", "1", "--out", str(sheet)]) == 0
    assert "预期被许可人 1 家" in capsys.readouterr().out
    assert sheet.read_bytes().startswith(b"PK")
    assert main(["fees", "estimate", "--years", "99"]) == 2
    assert "应不大于 20" in capsys.readouterr().err
    data.write_text("licensees = ", "utf-8")
    assert main(["fees", "estimate", str(data)]) == 1
    assert main(["fees", "rules", "--export", str(tmp_path / "fees.toml")]) == 0
    assert "one_to_many" in (tmp_path / "fees.toml").read_text("utf-8")
