"""The nightly run over a small catalogue: what it does, what it leaves, and how it goes on after a kill."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select, text

from api_tests.catalog.mending.small_register import everything
from api_tests.index.small_catalogue import HashEncoder, make_catalogue, patent
from api_tests.ingestion.invented import number
from catalog.demand import needs
from catalog.demand.needs import NeedCreate
from catalog.imports import imports
from catalog.kit.base import id_of
from catalog.kit.errors import NotReady
from catalog.kit.paging import ListQuery
from catalog.kit.terms import Band
from catalog.mending import undo
from catalog.registers import patents as patent_register
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.runs.matches import NightChanges, NightMatch, NightSide
from catalog.webhooks import edits as webhook_edits
from catalog.webhooks.edits import WebhookInput
from catalog.webhooks.webhooks import WebhookEvent
from index.generations.documents import patent_text
from index.model.encoder import Encoder
from service.cli.main import main
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.night import nightly
from service.night.nightly import AlreadyRunning, difference


def runtime_of(data: Path) -> Runtime:
    return Runtime(Settings(data=data, model="hash"), cast(Encoder, HashEncoder()))


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    make_catalogue(tmp_path, patents=40).dispose()
    return runtime_of(tmp_path)


def drop(runtime: Runtime, kind: str, name: str, rows: list[dict[str, str]]) -> Path:
    folder = runtime.settings.data / "inbox" / kind
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_a_night_imports_indexes_matches_and_reports(runtime: Runtime) -> None:
    file = drop(
        runtime, "needs", "新需求.jsonl", [{"需求名称": "求低温电池", "需求描述": "低温下充电快的电池"}]
    )
    bad = drop(runtime, "patents", "坏.pdf", [])
    bad.write_bytes(b"%PDF-1.7")
    unfinished = drop(runtime, "needs", "上传中.part", [])
    for name, title, holder in (("一.jsonl", "一种泵", "示例大学"), ("二.jsonl", "一种屏", "样本公司")):
        drop(runtime, "patents", name, [{"名称": title, "申请号": number(1), "专利权人": holder}])

    done = nightly.run(runtime)

    assert done.status == "finished"
    assert list(done.stages) == list(nightly.STAGES)
    imported = {file["file"]: file for file in done.stages["import"]["files"]}
    assert imported["新需求.jsonl"]["new"] == 1
    assert "PDF" in imported["坏.pdf"]["refused"]
    assert not file.exists()
    assert not bad.exists()
    assert unfinished.exists()
    assert len(list((runtime.settings.data / "inbox").rglob("refused/*/patents/坏.pdf"))) == 1
    assert done.generation == runtime.store.current_name()
    assert done.stages["match"]["needs"] == 2
    assert done.stages["compare"] == {"previous": None, "seconds": done.stages["compare"]["seconds"]}
    with runtime.database.read() as session:
        for need_id, patents in night_matches.every(session, done.id, NightSide.NEED):
            assert len(patents) == 20, need_id
    text = next((runtime.settings.data / "reports").glob("*.txt")).read_text("utf-8")
    assert "需求 2 条" in text
    assert "坏.pdf 未导入" in text
    assert [imported[name]["waiting"] for name in ("一.jsonl", "二.jsonl")] == [0, 1]
    assert f"conflicts list --import {imported['二.jsonl']['import_id']}" in text


class SameEncoder(HashEncoder):
    """Embeds a need as it embeds a patent of the same text."""

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_passages(texts)


def test_the_morning_difference_names_what_changed(tmp_path: Path) -> None:
    make_catalogue(tmp_path, patents=40).dispose()
    runtime = Runtime(Settings(data=tmp_path, model="hash"), cast(Encoder, SameEncoder()))
    with runtime.database.write() as session:
        names = ["need.matches_changed", "night.finished"]
        subscription = WebhookInput(name="省平台", url="https://platform.example.cn/", events=names)
        webhook_edits.create(session, subscription, actor="测试", allow_http=False)
    first = nightly.run(runtime)
    assert first.stages["compare"]["previous"] is None
    report = next((runtime.settings.data / "reports").glob("*.txt")).read_text("utf-8")
    assert "匹配变化：首次计算" in report
    same = nightly.run(runtime).stages["compare"]
    assert (same["previous"], same["needs_changed"], same["needs_unchanged"]) == (first.id, 0, 1)
    its = patent(7)
    need_text = patent_text(its.title, its.abstract, its.first_claim)
    with runtime.database.write() as session:
        new = id_of(needs.create(session, NeedCreate(code="N-2", title=its.title, text=need_text)))
    second = nightly.run(runtime)

    compared = second.stages["compare"]
    assert (compared["needs_new"], compared["needs_changed"], compared["matches_new"]) == (1, 1, 1)
    with runtime.database.read() as session:
        (row,) = night_matches.changes_page(session, second.id, ListQuery()).rows
        change = night_matches.changes_of(row)
        told = night_matches.settled_bands(session, second.id)[new]
    # Nineteen more patents are listed for it, none of them a match.
    assert len(told) == 20
    matches = [patent for patent, band in told.items() if band.is_match]
    assert (change.need_id, change.new, change.gone, change.rebanded) == (new, matches, [], [])
    assert len(matches) == 1
    with runtime.database.read() as session:
        told_others = [
            (row.type, row.record_id, row.data)
            for row in session.execute(select(WebhookEvent).order_by(text("rowid"))).scalars()
        ]
    assert [(name, record) for name, record, _ in told_others] == [
        ("night.finished", first.id),
        ("night.finished", first.id + 1),
        ("night.finished", second.id),
        ("need.matches_changed", new),
    ]
    assert told_others[-1][2] == {"run_id": second.id, "new": matches, "gone": [], "rebanded": []}
    counts = {"needs_changed": 1, "matches_new": 1, "matches_gone": 0}
    assert told_others[-2][2] == {"status": "finished", "generation": second.generation, **counts}


def test_a_night_without_bands_is_nothing_to_compare_with(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        old = nightly_runs.start(session)
        night_matches.store(session, old.id or 0, NightSide.NEED, [(1, [NightMatch(1, 0.9, 0.3, 0.3, 0.3)])])
        nightly_runs.finish(session, old.id or 0)
    assert nightly.run(runtime).stages["compare"]["previous"] is None


OF_IMPORTS = ("patents", "publications", "patent_holders", "holders", "enterprises", "patent_facts")


def test_imports_of_a_night_are_undone_after_the_next(runtime: Runtime) -> None:
    """Neither the screenings nor the classes, the index and the matches of two nights are in the way."""
    with runtime.database.write() as session:
        patent_register.upsert(session, [patent(50).model_copy(update={"application_number": number(8)})])
    before = everything(runtime.database)
    changed = {"申请号": number(8), "专利名称": "第50种锂电池", "摘要": "极片涂碳。", "申请人": "别的大学"}
    added = {"申请号": number(7), "专利名称": "一种阀", "申请人": "别的大学", "被引证次数": "3"}
    drop(runtime, "patents", "新专利.jsonl", [changed, added])
    need = {"需求名称": "求低温电池", "需求描述": "低温下充电快的电池", "企业名称": "甲有限公司"}
    drop(runtime, "needs", "新需求.jsonl", [need])
    nightly.run(runtime)
    nightly.run(runtime)
    assert everything(runtime.database) != before
    with runtime.database.write() as session:
        undone = [undo.undo(session, id_of(row)) for row in imports.page(session, ListQuery()).rows]
    assert [(one.removed, one.restored, one.left) for one in undone] == [(1, 0, 0), (2, 1, 0)]
    after = everything(runtime.database)
    assert {table: after[table] for table in OF_IMPORTS} == {table: before[table] for table in OF_IMPORTS}
    assert len(after["needs"]) == len(before["needs"])
    done = nightly.run(runtime)
    assert (done.stages["reindex"]["patents"], done.stages["match"]["needs"]) == (41, 1)


def test_difference() -> None:
    high, medium, low = Band
    # The order is no change, nor is what was no match before and after.
    assert difference(7, {1: high, 2: medium, 3: low}, {4: low, 2: medium, 1: high}) is None
    assert difference(
        7, {1: high, 2: medium, 3: high}, {4: medium, 2: high, 3: high, 1: low}
    ) == NightChanges(need_id=7, new=[4], gone=[1], rebanded=[(2, medium, high)])
    assert difference(7, {}, {5: high}) == NightChanges(need_id=7, new=[5], gone=[])
    assert difference(7, {}, {}) is None


def _killed_in(data: Path, stage: str) -> None:
    def die(_night: object) -> dict[str, object]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    nightly.STAGES[stage] = die
    nightly.run(runtime_of(data))


@pytest.mark.parametrize("stage", ["screen", "match", "report"])
def test_a_killed_run_goes_on_where_it_stopped(runtime: Runtime, stage: str) -> None:
    drop(runtime, "needs", "a.jsonl", [{"需求名称": "求胶", "需求描述": "耐低温的胶"}])
    killed = multiprocessing.get_context("spawn").Process(
        target=_killed_in, args=(runtime.settings.data, stage)
    )
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    planned = nightly.plan(runtime).stages
    assert planned == [nightly.LABELS[s] for s in list(nightly.STAGES)[list(nightly.STAGES).index(stage) :]]

    done = nightly.run(runtime)

    assert (done.status, done.resumed) == ("finished", 1)
    assert [file["file"] for file in done.stages["import"]["files"]] == ["a.jsonl"]
    assert done.stages["match"]["needs"] == 2
    assert nightly.run(runtime).id == done.id + 1


def test_a_failed_stage_is_noted_and_done_again(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_night: object) -> dict[str, object]:
        raise NotReady("磁盘已满")

    with monkeypatch.context() as patch:
        patch.setitem(nightly.STAGES, "reindex", refuse)
        with pytest.raises(NotReady):
            nightly.run(runtime)
    with runtime.database.read() as session:
        failed = nightly_runs.page(session, ListQuery()).rows[0]
        assert (failed.status, failed.message, list(failed.stages)) == (
            "failed",
            "磁盘已满",
            ["import", "screen"],
        )
    assert nightly.run(runtime, fresh=True).id == (failed.id or 0) + 1


@pytest.mark.parametrize("broken", ["patents/vectors.faiss", "manifest.json", "."])
def test_a_night_mends_a_broken_index(runtime: Runtime, broken: str) -> None:
    first = nightly.run(runtime).generation
    path = runtime.store.root / first / broken
    path.write_bytes(b"{") if path.is_file() else path.rename(path.with_name("gone"))
    mended = runtime_of(runtime.settings.data)
    done = nightly.run(mended)
    assert done.generation != first
    assert "索引无法使用" in done.stages["screen"]["messages"][-1]
    assert mended.store.verify(done.generation).patents == 40


def test_two_runs_at_once_are_refused(runtime: Runtime) -> None:
    with nightly.locked(runtime.settings.data), pytest.raises(AlreadyRunning):
        nightly.run(runtime)


def test_a_dry_run_changes_nothing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = drop(runtime, "needs", "a.jsonl", [{"需求名称": "求胶", "需求描述": "耐低温的胶"}])
    monkeypatch.setenv("PATENTDOCK_DATA", str(runtime.settings.data))
    monkeypatch.setenv("PATENTDOCK_MODEL", "hash")
    assert main(["nightly", "--dry-run", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["files"][0]["new"] == 1
    assert shown["resumes"] is None
    assert file.exists()
    with runtime.database.read() as session:
        assert nightly_runs.page(session, ListQuery()).total == 0
        assert needs.page(session, ListQuery()).total == 2


def test_the_command_tells_by_its_exit_code_that_another_runs(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATENTDOCK_DATA", str(runtime.settings.data))
    with nightly.locked(runtime.settings.data):
        assert main(["nightly"]) == 4
    assert "正在运行" in capsys.readouterr().err
