"""The lists of the last night of one need and one patent, over REST and on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import httpx
import openpyxl
import pytest

from api_tests.index.small_catalogue import HashEncoder, make_catalogue
from catalog.kit.base import id_of
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightMatch, NightSide, last_run, store
from catalog.statistics.night_lists import ABSENT, NO_NIGHT
from index.model.encoder import Encoder
from matching.ranking import factors as factor_rules
from service.cli.main import main
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.night import nightly

Calling = Callable[[Runtime], AbstractContextManager[httpx.Client]]
OPEN, CLOSED = 1, 2


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    make_catalogue(tmp_path, patents=40).dispose()
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path))
    settings = Settings(data=tmp_path, model="hash", follow_seconds=0)
    return Runtime(settings, cast(Encoder, HashEncoder()))


def listed(client: httpx.Client, path: str, **query: int | str) -> dict[str, Any]:
    response = client.get(f"/api/v1/{path}/matches/night", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def on_the_command_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["nightly", "matches", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_before_the_first_night_the_lists_are_empty_and_say_so(runtime: Runtime, calling: Calling) -> None:
    with calling(runtime) as client:
        for path in (f"needs/{OPEN}", "patents/1"):
            found = listed(client, path)
            assert (found["items"], found["total"], found["run_id"]) == ([], 0, None)
            assert found["notices"] == [NO_NIGHT]
        for path in ("needs/999", "patents/999"):
            assert client.get(f"/api/v1/{path}/matches/night").status_code == 404


def test_both_lists_hold_the_night_with_one_score_a_pair(
    runtime: Runtime, calling: Calling, capsys: pytest.CaptureFixture[str]
) -> None:
    run = nightly.run(runtime)
    with calling(runtime) as client:
        patents = listed(client, f"needs/{OPEN}")
        assert [item["rank"] for item in patents["items"]] == list(range(1, 21))
        assert patents["run_id"] == run.id
        assert patents["generation"] == run.generation
        assert patents["day"] == run.stages["match"]["day"]
        assert patents["factor_rules"] == factor_rules.load(runtime.settings.data).version
        assert patents["notices"] == []
        for item in patents["items"]:
            assert item["holders"] == ["示例大学"]
            assert item["relevance"] == pytest.approx(item["document"] + item["sentence"] + item["lexical"])
            assert item["score"] == pytest.approx(item["relevance"] + item["factors"])
            needs_of = listed(client, f"patents/{item['patent_id']}")["items"]
            assert [(need["need_id"], need["score"]) for need in needs_of] == [(OPEN, item["score"])]
        page = listed(client, f"needs/{OPEN}", page=2, size=15)
        assert (page["total"], page["items"]) == (20, patents["items"][15:])
        bands = [item["band_name"] for item in patents["items"]]
        assert set(bands) <= {"高", "中", "低"}
        for least in ("高", "low"):
            kept = [item for item in patents["items"] if least == "low" or item["band_name"] == "高"]
            assert listed(client, f"needs/{OPEN}", min_band=least)["items"] == kept[:20]
        best = patents["items"][0]["patent_id"]
        assert on_the_command_line(capsys, "--need", str(OPEN))["items"] == patents["items"]
        from_patent = listed(client, f"patents/{best}")
        assert on_the_command_line(capsys, "--patent", str(best))["items"] == from_patent["items"]


def test_records_that_were_not_in_the_night_or_are_gone_are_named(runtime: Runtime, calling: Calling) -> None:
    with runtime.database.write() as session:
        run = nightly_runs.start(session)
        nightly_runs.finish(session, id_of(run))
        store(
            session,
            id_of(run),
            NightSide.NEED,
            [(OPEN, [NightMatch(999, 0.9, 0.3, 0.3, 0.3), NightMatch(2, 0.8, 0.3, 0.3, 0.1, 0.1)])],
        )
    with calling(runtime) as client:
        found = listed(client, f"needs/{OPEN}")
        assert [(item["rank"], item["patent_id"]) for item in found["items"]] == [(2, 2)]
        assert found["notices"] == [
            "当夜结果中有 1 条的记录已删除，不再列出",
            "当夜的结果没有匹配程度，不据此筛选",
        ]
        assert (found["day"], found["factor_rules"]) == (None, None)
        assert listed(client, f"needs/{CLOSED}")["notices"] == [ABSENT[NightSide.NEED]]
        assert listed(client, "patents/1")["notices"] == [ABSENT[NightSide.PATENT]]


def test_a_run_that_failed_hides_no_list(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        first, second = nightly_runs.start(session), nightly_runs.start(session)
        for run in (first, second):
            store(session, id_of(run), NightSide.NEED, [(OPEN, [])])
        nightly_runs.finish(session, id_of(first))
        nightly_runs.finish(session, id_of(second), failed="磁盘已满")
        found = last_run(session)
        assert found is not None
        assert found.id == first.id


def test_a_list_is_printed_and_written(
    runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nightly", "matches", "--need", str(OPEN)]) == 0
    assert NO_NIGHT in capsys.readouterr().out
    nightly.run(runtime)
    assert main(["nightly", "matches", "--need", str(OPEN), "--out", str(tmp_path / "单.xlsx")]) == 0
    assert "第 1 次夜间批处理" in capsys.readouterr().out
    sheet = openpyxl.load_workbook(tmp_path / "单.xlsx")["匹配专利"]
    assert (sheet.max_row, sheet["A2"].value, sheet["E2"].value) == (21, 1, "示例大学")
    assert sheet["C2"].value in ("高", "中", "低")
    assert main(["nightly", "matches"]) == 2
    assert main(["nightly", "matches", "--need", "1", "--patent", "1"]) == 2
    assert main(["nightly", "matches", "--patent", "999"]) == 1
