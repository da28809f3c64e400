"""The client among the examples pushes, matches, edits and follows changes, and waits where the service asks for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.client import PatentDock, RefusedRequest, main
from examples.invented import need, patent

Answer = httpx.Response | httpx.TransportError
PATENTS = [patent(serial) for serial in range(1000)]
NEEDS = [need(serial) for serial in range(100)]


@pytest.fixture
def dock(client: httpx.Client, api_key: str, as_before: None) -> PatentDock:
    return PatentDock(client, api_key)


def test_a_thousand_patents_and_their_changes_come_once(dock: PatentDock, tmp_path: Path) -> None:
    cursor = tmp_path / "changes.cursor"
    list(dock.changes(cursor))
    first = list(dock.push("patents", PATENTS))
    assert [item["status"] for item in first] == ["new"] * 1000
    assert {item["status"] for item in dock.push("patents", PATENTS)} == {"unchanged"}
    assert {item["status"] for item in dock.push("needs", NEEDS)} == {"new"}
    ids = sorted(change["record_id"] for change in dock.changes(cursor, "patents"))
    assert ids == sorted(item["id"] for item in first)
    assert list(dock.changes(cursor)) == []


def test_changes_of_a_page_that_failed_come_again(dock: PatentDock, tmp_path: Path) -> None:
    cursor = tmp_path / "changes.cursor"
    list(dock.changes(cursor))
    made = dock.create("needs", {"title": "求滤芯", "text": "求可反洗的滤芯。"})
    # The reader stops before it has dealt with what it got.
    assert next(dock.changes(cursor, "needs"))["record_id"] == made["id"]
    assert [change["record_id"] for change in dock.changes(cursor, "needs")] == [made["id"]]


def test_queries_are_answered_by_name_and_one_that_fails_harms_no_other(dock: PatentDock) -> None:
    queries: list[dict[str, Any]] = [{"name": f"q{n}", "text": "燃气泄漏检测仪零点漂移"} for n in range(60)]
    queries[7] = {"name": "q7", "need_id": 999_999}
    answers = list(dock.match(queries, top_k=1))
    assert [answer["name"] for answer in answers] == [query["name"] for query in queries]
    assert answers.pop(7)["problem"]["status"] == 404
    assert {len(answer["matches"]["items"]) for answer in answers} == {1}


def test_an_edit_is_made_of_the_record_as_others_left_it(dock: PatentDock) -> None:
    made = dock.create("needs", {"title": "求密封圈", "text": "求耐油密封圈。", "budget": 1000})
    path, seen = f"/needs/{made['id']}", []

    def doubled(record: dict[str, Any]) -> dict[str, Any]:
        seen.append(record["budget"])
        if len(seen) == 1:
            dock.call("PATCH", path, json={"budget": 3000})
        return {"budget": 2 * float(record["budget"])}

    assert dock.edit(path, doubled)["budget"] == "6000.00"
    assert seen == ["1000.00", "3000.00"]


def test_a_problem_is_known_by_its_code(dock: PatentDock) -> None:
    with pytest.raises(RefusedRequest) as refused:
        dock.create("needs", {"title": "没有描述"})
    assert (refused.value.status, refused.value.code) == (422, "invalid-fields")


def answering(answers: Sequence[Answer], seen: list[httpx.Request]) -> httpx.Client:
    """A caller of a service that gives these answers in turn."""
    turns = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = next(turns)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    return httpx.Client(transport=httpx.MockTransport(handle), base_url="http://service")


def busy(status: int, seconds: int) -> httpx.Response:
    return httpx.Response(status, headers={"Retry-After": str(seconds)}, json={"type": "/problems/busy"})


def test_the_same_request_is_sent_again_after_the_seconds_that_the_service_states() -> None:
    seen: list[httpx.Request] = []
    pauses: list[float] = []
    answers: list[Answer] = [
        busy(503, 7),
        httpx.ReadTimeout("no answer"),
        busy(429, 11),
        httpx.Response(201, json={"id": 1}),
    ]
    dock = PatentDock(answering(answers, seen), "pd_1_x", pause=pauses.append)
    assert dock.create("needs", {"title": "求阀", "text": "求耐磨阀。"}) == {"id": 1}
    assert (pauses[0], pauses[2], len(pauses)) == (7, 11, 3)
    assert len({(one.headers["Idempotency-Key"], one.content) for one in seen}) == 1


def test_it_gives_up_where_the_service_stays_busy() -> None:
    seen: list[httpx.Request] = []
    dock = PatentDock(answering([busy(503, 1)] * 20, seen), "pd_1_x", pause=lambda seconds: None)
    with pytest.raises(RefusedRequest, match="busy"):
        dock.call("GET", "/needs")
    assert 2 <= len(seen) < 20


def test_the_program_reports_matches_and_changes(
    server: str,
    api_key: str,
    as_before: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATENTDOCK_URL", server)
    monkeypatch.setenv("PATENTDOCK_KEY", api_key)
    files = [tmp_path / "patents.json", tmp_path / "needs.json"]
    for file, records in zip(files, ([*PATENTS[:3], {"title": ""}], NEEDS[:2]), strict=True):
        file.write_text(json.dumps({"records": records}), "utf-8")
    main(str(files[0]), str(files[1]), str(tmp_path / "changes.cursor"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("patents")] == [["patents", "3", "refused"]]
    assert len([line for line in lines if line.startswith("match")]) == 6
    assert len([line for line in lines if line.startswith("change")]) > 5
