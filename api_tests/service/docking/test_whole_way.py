"""An activity goes the whole way, over REST and on the command line: invited, composed, moved, published, held, followed up.

Three firms with a need each, three teams with a patent each, two sessions of three slots with two tables, all today. By the night
甲0 matches 示例0 (0.7) and 示例1 (0.5), 甲1 matches 示例1 (0.6), 甲2 matches 示例2 (0.9); 甲1 and 示例2 are of band 低.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.catalog.docking.invented import fill
from catalog.kit.days import beijing_today
from service.cli.main import main
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

Calling = Callable[[Runtime], AbstractContextManager[httpx.Client]]
SHARES = {(0, 0): 0.7, (0, 1): 0.5, (1, 1): 0.6, (2, 2): 0.9, (1, 2): 0.2}
TODAY = beijing_today()
ACTIVITY: dict[str, Any] = {
    "name": "示例片区对接会",
    "kind": "对接会",
    "area": "示例片区",
    "field": "示例领域",
    "host": "示例市知识产权局",
    "limits": {"seconds": 2},
    "sessions": [
        {
            "name": name,
            "day": str(TODAY),
            "starts": starts,
            "slots": 3,
            "places": [{"room": "一号厅", "tables": 2}],
        }
        for name, starts in (("上午场", "09:00"), ("下午场", "14:00"))
    ],
}


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("PATENTDOCK_DATA", str(tmp_path))
    made = Runtime(Settings(data=tmp_path, follow_seconds=0))
    initialise(made.database)
    fill(made.database, SHARES)
    yield made
    made.close()


class Rest:
    """The steps over REST."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def call(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        sent: dict[str, Any] = {"json": body} if body or method in ("POST", "PUT") else {}
        response = self._client.request(method, f"/api/v1/{path}", **sent)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    def items(self, path: str) -> Any:
        """The items of a list."""
        return self.call("GET", path)["items"]

    def composed(self, **body: Any) -> Any:
        number = self.call("POST", "activities/1/schedules", 202, **body)["number"]
        for _ in range(600):
            found = self.call("GET", f"activities/1/schedules/{number}")
            if found["state"] not in ("waiting", "running"):
                return found
            time.sleep(0.1)
        raise AssertionError(found)


def by_pair(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["firm"], row["team"]): row for row in rows if row["state"] != "cancelled"}


def test_an_activity_goes_the_whole_way_over_rest(runtime: Runtime, calling: Calling) -> None:
    with calling(runtime) as client:
        rest = Rest(client)
        assert rest.call("POST", "activities", 201, **ACTIVITY)["status_name"] == "筹备"
        found = rest.call("GET", "activities/1/recommendation")
        assert [one["name"] for one in found["firms"]] == ["甲0有限公司", "甲2有限公司", "甲1有限公司"]
        assert [one["name"] for one in found["teams"]] == ["示例0大学", "示例2大学", "示例1大学"]
        invited = rest.call("POST", "activities/1/recommendation", 201)["items"]
        assert rest.call("POST", "activities/1/recommendation", 201)["total"] == 0
        ids = {one["name"]: one["id"] for one in invited}
        client.post("/api/v1/activities/1/status", json={"status": "邀约中"}).raise_for_status()
        for id_ in ids.values():
            rest.call("PUT", f"activities/1/invitations/{id_}", answer="参加", people=["张某 工程师"])
        wish: dict[str, Any] = {"answer": "参加", "wished": [ids["示例0大学"]], "barred": [ids["示例1大学"]]}
        rest.call("PUT", f"activities/1/invitations/{ids['甲0有限公司']}", **wish)

        composed = rest.composed(kind="统一编排")
        assert (composed["state"], composed["is_checked"], composed["findings"]) == ("finished", True, [])
        assert composed["value"] == 700 + 150 + 600 + 900 == composed["bound"]
        held = by_pair(rest.items("activities/1/meetings"))
        assert held.keys() == {
            ("甲0有限公司", "示例0大学"),
            ("甲1有限公司", "示例1大学"),
            ("甲2有限公司", "示例2大学"),
        }
        assert "企业希望会谈" in held["甲0有限公司", "示例0大学"]["why"]

        assert rest.call("POST", "activities/1/publication")["moves"][0]["text"].count("新增") == 1
        _move(rest, held)
        published = rest.call("POST", "activities/1/publication")
        assert [one["text"].split(" ")[3][:2] for one in published["moves"]] == ["改期"]
        assert len(published["moves"][0]["tell"]) == 2

        client.post("/api/v1/activities/1/status", json={"status": "进行中"}).raise_for_status()
        gone = rest.call("POST", f"activities/1/invitations/{ids['示例2大学']}/attendance", came=False)
        assert [one["state"] for one in gone["meetings"]] == ["no_show"]
        again = rest.composed(kind="调整编排")
        assert (again["state"], again["is_checked"]) == ("finished", True)
        kept = by_pair(rest.items("activities/1/meetings"))
        assert len([one for one in kept.values() if one["state"] != "no_show"]) == 2
        rest.call("POST", "activities/1/publication")
        _papers(client)
        _after(rest, client, kept)


def _papers(client: httpx.Client) -> None:
    ready = client.get("/api/v1/activities/1/papers").raise_for_status().json()["items"]
    papers = zipfile.ZipFile(
        BytesIO(client.get("/api/v1/activities/1/papers.zip").raise_for_status().content)
    )
    assert papers.testzip() is None
    assert len(papers.namelist()) >= len([paper for paper in ready if paper["is_ready"]]) >= 10


def _move(rest: Rest, held: dict[tuple[str, str], dict[str, Any]]) -> None:
    one, other = held["甲0有限公司", "示例0大学"], held["甲1有限公司", "示例1大学"]
    targets = rest.items(f"activities/1/meetings/{one['id']}/targets")
    assert len(targets) == 12
    taken = next(
        t
        for t in targets
        if [t["session"], t["slot"], t["table"]] == [other["session"], other["slot"], other["table"]]
    )
    assert not taken["allowed"]
    assert "只能安排一场" in taken["problems"][0]
    place = {name: taken[name] for name in ("session", "slot", "table")}
    told = rest.call("POST", f"activities/1/meetings/{one['id']}/move", 409, **place)
    assert "不能调整" in told["detail"]
    assert told["hint"]
    last = [t for t in targets if t["allowed"]][-1]
    place = {name: last[name] for name in ("session", "slot", "table")}
    rest.call("POST", f"activities/1/meetings/{one['id']}/lock", pinned=True)
    assert "锁定" in rest.call("POST", f"activities/1/meetings/{one['id']}/move", 409, **place)["detail"]
    rest.call("POST", f"activities/1/meetings/{one['id']}/lock", pinned=False)
    done = rest.call("POST", f"activities/1/meetings/{one['id']}/move", **place)
    assert [move["after"] for move in done["moves"]] == [list(place.values())]
    subject = f"第 {done['schedule']} 份日程"
    steps = [one for one in rest.items("activities/1/history?size=200") if one["subject"] == subject]
    assert [(one["action_name"], one["changes"]["moves"]) for one in steps] == [
        ("调整会谈", [move["text"] for move in done["moves"]])
    ]
    assert rest.call("POST", f"activities/1/meetings/{one['id']}/move", 422, session=9, slot=1, table=1)[
        "hint"
    ]


def _after(rest: Rest, client: httpx.Client, kept: dict[tuple[str, str], dict[str, Any]]) -> None:
    first, second = kept["甲0有限公司", "示例0大学"]["id"], kept["甲1有限公司", "示例1大学"]["id"]
    told = client.post("/api/v1/activities/1/status", json={"status": "已结束"})
    assert (told.status_code, "还有 2 场会谈" in told.text) == (409, True)
    noted = rest.call(
        "PUT", f"activities/1/meetings/{first}/outcome", result="有意向", form="许可", amount_in_view=200000
    )
    days = [TODAY + timedelta(days) for days in (30, 90, 180)]
    assert [one["due_on"] for one in noted["follow_ups"]] == [str(day) for day in days]
    rest.call("PUT", f"activities/1/meetings/{second}/outcome", 422, result="无意向")
    rest.call("PUT", f"activities/1/meetings/{second}/outcome", result="无意向", reason="价格")
    client.post("/api/v1/activities/1/status", json={"status": "已结束"}).raise_for_status()

    assert rest.items("follow-ups") == []
    due = rest.items(f"follow-ups?until={days[1]}")
    assert [one["days"] for one in due] == [30, 90]
    rest.call("PUT", f"follow-ups/{due[0]['id']}", finding="已安排中试")
    deal = rest.call(
        "POST",
        f"activities/1/meetings/{first}/deal",
        201,
        signed_on=str(TODAY),
        contract_amount=300000,
        payment_form="一次总付",
    )
    assert (deal["kind_name"], deal["takers"][0]["name"]) == ("许可", "甲0有限公司")
    again = rest.call("POST", f"activities/1/meetings/{first}/deal", 409, signed_on=str(TODAY))
    assert "已登记" in again["detail"]
    figures = rest.call("GET", "activities/1/figures")
    assert (figures["intentions"], float(figures["intention_amount"])) == (1, 200000)
    assert (figures["contracts"], float(figures["contract_amount"])) == (1, 300000)
    assert [(one["name"], one["count"]) for one in figures["reasons"]] == [("价格", 1)]
    hearings = {one["name"]: one for one in rest.items("activities/1/hearings")}
    assert hearings["示例1大学"]["reasons"] == [{"code": "price", "name": "价格", "count": 1}]
    rest.call("PUT", "activity-plans", year=TODAY.year, area="示例片区", field="示例领域", planned=1)
    year = rest.call("GET", f"activity-years/{TODAY.year}")
    assert (year["lines"][0]["held"], year["is_enough"], year["note"]) == (1, False, "已举办 1 次，还差 3 次")
    steps = rest.items("activities/1/history?size=200")
    assert {one["actor"] for one in steps} == {"测试平台"}
    assert steps[-1]["action_name"] == "登记"


def run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    capsys.readouterr()
    got = main(["activities", *map(str, arguments)])
    said = capsys.readouterr()
    assert got == code, said.err
    return said.out + said.err


def test_an_activity_goes_the_whole_way_on_the_command_line(
    runtime: Runtime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "活动.json"
    file.write_text(json.dumps(ACTIVITY, ensure_ascii=False), "utf-8")
    assert "筹备" in run(capsys, "create", file)
    assert "新登记邀请 6 份" in run(capsys, "recommend", 1, "--invite")
    run(capsys, "status", 1, "邀约中")
    for invitation in range(1, 7):
        run(capsys, "answer", 1, invitation, "参加", "--people", "张某")
    assert "核对通过" in run(capsys, "compose", 1)
    assert "正在编排" not in run(capsys, "schedules", 1)
    rows = by_pair(json.loads(run(capsys, "meetings", 1, "--json")))
    one = rows["甲0有限公司", "示例0大学"]
    free = [t for t in json.loads(run(capsys, "targets", 1, one["id"], "--json")) if t["allowed"]][-1]
    run(capsys, "publish", 1)
    run(capsys, "move", 1, one["id"], free["session"], free["slot"], free["table"])
    assert "变动 1 处" in run(capsys, "publish", 1)
    run(capsys, "status", 1, "进行中")
    gone = rows["甲2有限公司", "示例2大学"]
    assert "未到场" in run(capsys, "attendance", 1, gone["team_id"])
    assert "核对通过" in run(capsys, "compose", 1, "--replan")
    run(capsys, "publish", 1)
    run(capsys, "papers", 1, "--out", tmp_path / "papers")
    assert list((tmp_path / "papers").rglob("*.docx"))
    assert "回访日" in run(
        capsys, "outcome", 1, one["id"], "签约意向", "--form", "转让", "--amount", "500000"
    )
    assert "不能进入" in run(capsys, "status", 1, "邀约中", code=1)
    for row in by_pair(json.loads(run(capsys, "meetings", 1, "--json"))).values():
        if row["state"] in ("planned", "moved"):
            run(capsys, "outcome", 1, row["id"], "无意向", "--reason", "价格")
    run(capsys, "status", 1, "已结束")
    due = json.loads(run(capsys, "follow-ups", "--until", TODAY + timedelta(200), "--json"))
    run(capsys, "follow-up", due[0]["id"], "进展顺利")
    said = run(
        capsys, "deal", 1, one["id"], "--signed-on", TODAY, "--amount", 450000, "--payment-form", "一次总付"
    )
    assert "转让" in said
    said = run(capsys, "figures", 1)
    assert "意向金额 50 万元" in said
    assert "签约金额 45 万元" in said
    assert "价格" in run(capsys, "hearings", 1)
    run(capsys, "plan", TODAY.year, "示例片区", "示例领域")
    assert "还差 3 次" in run(capsys, "year", TODAY.year)
    assert "登记交易" in run(capsys, "history", 1)
