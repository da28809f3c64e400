"""A busy service: what a held lock answers, uploads that come at once, short writes beside an import."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from ingestion.imports.queue import Queued
from service.cli.main import main
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.night import nightly

NEED = {"title": "求耐低温胶", "text": "零下四十度仍能粘接的胶"}
HELD = Queued(file_name="大登记簿.csv", kind="patents", actor="另一平台")


@pytest.fixture(scope="module")
def busy(
    tmp_path_factory: pytest.TempPathFactory,
    calling: Callable[[Runtime], AbstractContextManager[httpx.Client]],
) -> Iterator[tuple[Runtime, httpx.Client]]:
    """An installation of its own, without an index, and a caller of it."""
    data = tmp_path_factory.mktemp("busy")
    runtime = Runtime(Settings(data=data, model=str(data / "none"), follow_seconds=0))
    initialise(runtime.database)
    with calling(runtime) as client:
        yield runtime, client


@pytest.fixture(scope="module")
def hasty(busy: tuple[Runtime, httpx.Client], serving: Callable[[Runtime], str]) -> Iterator[httpx.Client]:
    """A caller of the same installation by a service whose writers wait for a moment only."""
    runtime, client = busy
    address = serving(Runtime(runtime.settings.model_copy(update={"lock_seconds": 0.1})))
    with httpx.Client(base_url=address, headers=client.headers, timeout=120) as impatient:
        yield impatient


@contextmanager
def locked(runtime: Runtime) -> Iterator[None]:
    """Another program writes to the database."""
    path = str(runtime.database.engine.url.database)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def firms(name: str, count: int) -> bytes:
    rows = (f"示例{name}{number}有限公司,湖北省,{number + 1}\n" for number in range(count))
    return ("企业名称,地址,从业人员数\n" + "".join(rows)).encode()


def upload(client: httpx.Client, name: str, count: int) -> httpx.Response:
    files = {"file": (f"{name}.csv", firms(name, count))}
    return client.post("/api/v1/imports", files=files, data={"kind": "enterprises"})


def queued(client: httpx.Client, count: int) -> list[str]:
    """The files in the queue, once they are so many."""
    end = monotonic() + 60
    while len(files := client.get("/api/v1/imports/queue").json()["items"]) != count:
        assert monotonic() < end, files
        sleep(0.05)
    return [file["file_name"] for file in files]


def test_a_held_lock_answers_when_to_try_again_and_what_is_being_done(
    busy: tuple[Runtime, httpx.Client], hasty: httpx.Client
) -> None:
    runtime, client = busy[0], hasty
    with locked(runtime):
        alone = client.post("/api/v1/needs", json=NEED)
        with runtime.import_queue.turn(HELD), nightly.locked(runtime.settings.data):
            beside = client.post("/api/v1/needs", json=NEED)
    for response in (alone, beside):
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["content-type"] == "application/problem+json"
    assert alone.json()["detail"] == "数据库正由其他操作写入，等候后仍未轮到"
    assert beside.json()["detail"].endswith("；正在导入《大登记簿.csv》，夜间批处理正在运行")
    assert busy[1].post("/api/v1/needs", json=NEED).status_code == 201


def test_the_command_line_says_the_same(
    busy: tuple[Runtime, httpx.Client],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    runtime, _ = busy
    monkeypatch.setenv("PATENTDOCK_DATA", str(runtime.settings.data))
    monkeypatch.setenv("PATENTDOCK_LOCK_SECONDS", "0.1")
    (tmp_path / "企业.csv").write_bytes(firms("命令", 1))
    with locked(runtime):
        assert main(["import", "enterprises", str(tmp_path / "企业.csv")]) == 1
        with nightly.locked(runtime.settings.data):
            assert main(["keys", "create", "省平台"]) == 1
    errors = capsys.readouterr().err
    assert "企业.csv 未导入：数据库正由其他操作写入，等候后仍未轮到" in errors
    assert "等候后仍未轮到；夜间批处理正在运行" in errors
    assert "秒后重试" in errors


def test_files_uploaded_at_once_are_imported_one_after_the_other(busy: tuple[Runtime, httpx.Client]) -> None:
    runtime, client = busy
    names = ["甲", "乙", "丙", "丁"]
    with ThreadPoolExecutor(4) as pool:
        with runtime.import_queue.turn(HELD):
            sent = []
            for place, name in enumerate(names, 2):
                sent.append(pool.submit(upload, client, name, 60))
                waiting = queued(client, place)
        results = [one.result() for one in sent]
    assert waiting == ["大登记簿.csv", *(f"{name}.csv" for name in names)]
    assert [result.status_code for result in results] == [201] * 4
    assert [(result.json()["rows"], result.json()["new"]) for result in results] == [(60, 60)] * 4
    ids = [result.json()["import_id"] for result in results]
    assert ids == sorted(ids)
    for name in names:
        found = client.get("/api/v1/enterprises", params={"name": f"示例{name}"}).json()
        assert found["total"] == 60


def test_whoever_leaves_the_queue_has_nothing_imported(busy: tuple[Runtime, httpx.Client]) -> None:
    runtime, client = busy
    before = client.get("/api/v1/imports").json()["total"]
    form: dict[str, Any] = {
        "data": {"kind": "enterprises"},
        "files": {"file": ("离开.csv", firms("离开", 1))},
    }
    request = client.build_request("POST", "/api/v1/imports", **form)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with runtime.import_queue.turn(HELD):
        with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as leaving:
            leaving.sendall(f"POST /api/v1/imports HTTP/1.1\r\n{head}\r\n".encode() + request.read())
            assert queued(client, 2)[1] == "离开.csv"
        assert queued(client, 1) == ["大登记簿.csv"]
    assert client.get("/api/v1/imports").json()["total"] == before


def test_more_than_may_wait_are_asked_to_come_later(
    busy: tuple[Runtime, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, client = busy
    monkeypatch.setattr(runtime.import_queue, "most", 0)
    with runtime.import_queue.turn(HELD):
        full = upload(client, "多余", 1)
    assert full.status_code == 503
    assert full.headers["Retry-After"] == "60"
    assert full.json()["detail"] == "正在导入《大登记簿.csv》，另有 0 个文件排队，暂不接受更多文件"


def test_the_command_line_waits_for_the_service(busy: tuple[Runtime, httpx.Client], tmp_path: Path) -> None:
    runtime, _ = busy
    path = tmp_path / "命令行.csv"
    path.write_bytes(firms("旁边", 2))
    command = [sys.executable, "-m", "service.cli.main", "import", "enterprises", str(path), "--json"]
    environment = os.environ | {"PATENTDOCK_DATA": str(runtime.settings.data)}
    with runtime.import_queue.turn(HELD):
        beside = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert beside.stderr is not None
        assert beside.stderr.readline() == "命令行.csv 排队中，前面还有 1 个，正在导入《大登记簿.csv》\n"
    out, _ = beside.communicate()
    assert beside.returncode == 0
    assert '"new": 2' in out


def test_short_writes_succeed_while_a_file_is_imported(busy: tuple[Runtime, httpx.Client]) -> None:
    _, client = busy
    need = client.post("/api/v1/needs", json=NEED | {"title": "求旁写"}).json()
    statuses: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        importing = pool.submit(upload, client, "长", 2500)
        while not importing.done():
            text = f"第 {len(statuses)} 次改动"
            changed = client.put(f"/api/v1/needs/{need['id']}", json=NEED | {"title": "求旁写", "text": text})
            statuses.append(changed.status_code)
    assert importing.result().json()["new"] == 2500
    assert set(statuses) == {200}
