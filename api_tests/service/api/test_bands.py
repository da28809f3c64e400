"""The band (匹配程度) of a pair stands on every row that leaves, and `min_band` leaves out the rows below it."""

from __future__ import annotations

import io
from typing import Any

import httpx
import openpyxl
import pytest

from service.cli.main import main
from service.installation.runtime import Runtime

BANDS = ["高", "中", "低"]
Rows = list[dict[str, Any]]


def need_ids(client: httpx.Client) -> list[int]:
    return [need["id"] for need in client.get("/api/v1/needs", params={"size": 200}).json()["items"]]


def rows_of(client: httpx.Client, path: str, **asked: Any) -> Rows:
    answer = client.get(f"/api/v1/{path}", params=asked)
    assert answer.status_code == 200, answer.text
    found: Rows = answer.json()["items"]
    return found


def sheet_of(client: httpx.Client, path: str, **asked: Any) -> list[dict[str, Any]]:
    content = client.get(path, params=asked).content
    heading, *rows = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


def band_of(row: dict[str, Any]) -> str:
    return str(row["confidence"]["band_name"])


@pytest.fixture(scope="module")
def matched(client: httpx.Client) -> tuple[int, dict[str, Any]]:
    """A need that has a match, and that match."""
    return next(
        (need, rows[0])
        for need in need_ids(client)
        if (rows := rows_of(client, f"needs/{need}/matches", min_band="中", top_k=1))
    )


def test_matches_both_ways_have_bands_and_can_be_cut_at_one(
    client: httpx.Client, matched: tuple[int, dict[str, Any]]
) -> None:
    need, match = matched
    for path in (f"needs/{need}/matches", f"patents/{match['patent']['id']}/needs"):
        every = rows_of(client, path, top_k=200)
        assert {band_of(row) for row in every} <= set(BANDS)
        for least in BANDS:
            kept = BANDS[: BANDS.index(least) + 1]
            expected = [row["rank"] for row in every if band_of(row) in kept]
            assert len(rows_of(client, path, top_k=200, min_band=least)) == len(expected)
    text = {"text": "想找人帮忙设计婚礼请柬和喜糖盒", "filters": {"min_band": "medium"}}
    answer = client.post("/api/v1/matches", json=text).json()
    assert (answer["items"], answer["suitable"]) == ([], False)
    sets = client.post("/api/v1/matches/portfolios", json=text).json()
    assert (sets["patents"], sets["suitable"]) == ([], False)


def test_a_band_that_there_is_not_is_refused(client: httpx.Client) -> None:
    answer = client.get("/api/v1/needs/1/matches", params={"min_band": "很高"})
    assert answer.status_code == 422
    assert "可用：high（高）、medium（中）、low（低）" in answer.text


def test_licensees_and_chances_have_bands(client: httpx.Client, matched: tuple[int, dict[str, Any]]) -> None:
    need, match = matched
    patent = match["patent"]["id"]
    firms = rows_of(client, f"patents/{patent}/licensees", size=200)
    assert all(band_of(row["need"]) in BANDS for row in firms if row["need"])
    kept = rows_of(client, f"patents/{patent}/licensees", size=200, min_band="中")
    assert 0 < len(kept) < len(firms)
    assert all(band_of(row["need"]) != "低" for row in kept)
    told = {row["need"]["need"]["id"]: band_of(row["need"]) for row in kept}
    assert told.get(need, band_of(match)) == band_of(match)
    sheet = sheet_of(client, f"/api/v1/patents/{patent}/licensees.xlsx", min_band="中")
    assert [row["需求匹配程度"] for row in sheet] == [band_of(row["need"]) for row in kept]

    holder = next(
        row["id"]
        for row in rows_of(client, "holders", name=match["patent"]["holders"][0])
        if row["name"] == match["patent"]["holders"][0]
    )
    asked = {"include_ended": True, "size": 200, "min_band": "中"}
    chances = rows_of(client, f"holders/{holder}/chances", **asked)
    pairs = {(row["need"]["id"], row["patent"]["id"]): row["confidence"] for row in chances}
    assert pairs[need, patent] == match["confidence"]
    assert all(its["band_name"] != "低" for its in pairs.values())
    sheet = sheet_of(client, f"/api/v1/holders/{holder}/chances.xlsx", **asked)
    assert [row["匹配程度"] for row in sheet] == [band_of(row) for row in chances]


def test_the_command_line_shows_bands(
    installation: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    matched: tuple[int, dict[str, Any]],
) -> None:
    for module in ("match", "chances"):
        monkeypatch.setattr(f"service.cli.commands.{module}.ready_runtime", lambda: installation)
    need, match = matched
    assert main(["match", "--need", str(need), "--min-band", "中"]) == 0
    assert f"匹配程度：{band_of(match)}" in capsys.readouterr().out
    assert main(["match", "想找人帮忙设计婚礼请柬和喜糖盒", "--top", "1"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("未检索到匹配程度较高的专利，以下结果仅供参考。")
    assert "匹配程度：低" in shown
    assert main(["licensees", str(match["patent"]["id"]), "--min-band", "中"]) == 0
    assert "匹配程度：" in capsys.readouterr().out
    assert main(["match", "充电太慢", "--min-band", "很高"]) == 2
    assert "--min-band" in capsys.readouterr().err


def test_the_page_shows_bands_and_takes_one(server: str) -> None:
    asked = {"q": "想找人帮忙设计婚礼请柬和喜糖盒"}
    page = httpx.get(server, params=asked).text
    assert "未检索到匹配程度较高的专利" in page
    assert "匹配程度：低" in page
    narrow = httpx.get(server, params=asked | {"min_band": "medium"}).text
    assert "没有符合条件的专利" in narrow
    assert "匹配程度不低于：中" in narrow
