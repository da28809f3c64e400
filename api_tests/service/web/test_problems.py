"""Every error that a caller can meet names its kind by a code that has a page, and every kind can be met."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from typing import Any

import httpx
import pytest

import service.cli.main  # noqa: F401 - every package, so that all errors are known
from catalog.kit.errors import PatentDockError
from ingestion.identifiers.credit_code import check_digit
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.web.errors import Problem, problem_type
from service.web.problems import BY_CODE, KINDS

NEED = {"title": "求耐低温胶", "text": "零下四十度仍能粘接的胶"}


def kinds_of(error: type[PatentDockError]) -> Iterator[type[PatentDockError]]:
    yield error
    for child in error.__subclasses__():
        yield from kinds_of(child)


def test_every_error_has_a_code_that_is_explained() -> None:
    every = list(kinds_of(PatentDockError))
    assert len(every) > 30
    own = [error for error in every if "code" in vars(error)]
    assert [error.__name__ for error in every if error.code not in BY_CODE] == [], (
        "add it to service/web/problems.py"
    )
    assert sorted(error.code for error in own) == sorted(BY_CODE)
    assert [e.__name__ for e in own if not re.fullmatch(r"[a-z]+(-[a-z]+)*", e.code)] == []
    assert {kind.error for kind in KINDS} == set(own)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_an_example_is_a_problem_as_it_is_answered(kind: Any) -> None:
    assert Problem.model_validate(kind.example).model_dump(exclude_none=True) == kind.example
    assert kind.meaning.endswith("。")
    assert kind.remedy.endswith("。")


def test_every_kind_has_a_page_without_a_key(server: str) -> None:
    index = httpx.get(f"{server}/problems")
    assert index.status_code == 200
    for kind in KINDS:
        page = httpx.get(server + problem_type(kind.code))
        assert page.headers["content-type"].startswith("text/html")
        assert kind.error.title in page.text
        assert f'href="{problem_type(kind.code)}"' in index.text
    assert httpx.get(f"{server}/problems/none").json()["type"] == "/problems/unknown-address"


class Meeting:
    """A caller of an installation without an index; what it does meets a problem."""

    count = 0

    def __init__(
        self, runtime: Runtime, call: httpx.Client, strict: httpx.Client, ready: httpx.Client
    ) -> None:
        self.runtime, self.call, self.strict, self.ready = runtime, call, strict, ready

    def need(self, **values: Any) -> int:
        self.count += 1
        created = self.call.post(
            "/api/v1/needs", json=NEED | {"title": f"求耐低温胶 {self.count} 号"} | values
        )
        assert created.status_code == 201, created.text
        number: int = created.json()["id"]
        return number

    def upload(self, content: bytes) -> httpx.Response:
        files = {"file": ("清单.csv", content)}
        return self.call.post("/api/v1/imports", files=files, data={"kind": "needs"})


@pytest.fixture(scope="module")
def meeting(
    tmp_path_factory: pytest.TempPathFactory,
    calling: Callable[[Runtime], AbstractContextManager[httpx.Client]],
    serving: Callable[[Runtime], str],
    client: httpx.Client,
) -> Iterator[Meeting]:
    data = tmp_path_factory.mktemp("problems")
    settings = Settings(data=data, model=str(data / "none"), follow_seconds=0, lock_seconds=0.1)
    runtime = Runtime(settings)
    initialise(runtime.database)
    strict = serving(Runtime(settings.model_copy(update={"require_if_match": True})))
    with calling(runtime) as caller, httpx.Client(base_url=strict, headers=caller.headers) as careful:
        yield Meeting(runtime, caller, careful, client)


def exists(met: Meeting) -> httpx.Response:
    met.need(code="XQ-1")
    return met.call.post("/api/v1/needs", json=NEED | {"code": "XQ-1"})


def closed(met: Meeting) -> httpx.Response:
    """The matcher of an installation that has none would be missed first."""
    number = met.ready.post("/api/v1/needs", json=NEED | {"status": "closed"}).json()["id"]
    response = met.ready.get(f"/api/v1/needs/{number}/matches")
    met.ready.delete(f"/api/v1/needs/{number}", params={"reason": "试验"})
    return response


def different(met: Meeting) -> httpx.Response:
    firms = [
        met.call.post("/api/v1/enterprises", json={"name": name, "credit_code": digits + check_digit(digits)})
        for name, digits in (("示例甲有限公司", "91420100MA4KX0001"), ("示例乙有限公司", "91420100MA4KX0002"))
    ]
    kept, other = [firm.json()["id"] for firm in firms]
    return met.call.post(f"/api/v1/enterprises/{kept}/merge", json={"other_id": other, "reason": "同一企业"})


def restored_twice(met: Meeting) -> httpx.Response:
    deletion = met.call.delete(f"/api/v1/needs/{met.need()}", params={"reason": "重复"}).json()["id"]
    assert met.call.post(f"/api/v1/deletions/{deletion}/restore").status_code == 200
    return met.call.post(f"/api/v1/deletions/{deletion}/restore")


def referenced(met: Meeting) -> httpx.Response:
    firm = met.call.post("/api/v1/enterprises", json={"name": "示例丙有限公司"}).json()["id"]
    met.need(enterprise_id=firm)
    return met.call.delete(f"/api/v1/enterprises/{firm}", params={"reason": "重复"})


def deleted(met: Meeting) -> httpx.Response:
    number = met.need()
    met.call.delete(f"/api/v1/needs/{number}", params={"reason": "重复"})
    return met.call.get(f"/api/v1/needs/{number}")


def merged(met: Meeting) -> httpx.Response:
    gone, kept = met.need(), met.need()
    done = met.call.post(f"/api/v1/needs/{kept}/merge", json={"other_id": gone, "reason": "重复"})
    assert done.status_code == 200, done.text
    return met.call.get(f"/api/v1/needs/{gone}")


def outdated(met: Meeting) -> httpx.Response:
    return met.call.put(f"/api/v1/needs/{met.need()}", json=NEED, headers={"If-Match": '"1-0"'})


def busy(met: Meeting) -> httpx.Response:
    with closing(
        sqlite3.connect(str(met.runtime.database.engine.url.database), isolation_level=None)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        return met.call.post("/api/v1/needs", json=NEED)


MET: dict[str, Callable[[Meeting], httpx.Response]] = {
    "malformed-request": lambda met: met.call.post(
        "/api/v1/imports", content=b"x", headers={"Content-Type": "multipart/form-data"}
    ),
    "unauthorized": lambda met: met.call.get("/api/v1/needs", headers={"Authorization": ""}),
    "not-found": lambda met: met.call.get("/api/v1/needs/99999"),
    "unknown-address": lambda met: met.call.get("/api/v1/need"),
    "method-not-allowed": lambda met: met.call.put("/api/v1/needs"),
    "conflict": different,
    "record-exists": exists,
    "need-closed": closed,
    "wrong-state": restored_twice,
    "referenced": referenced,
    "gone": deleted,
    "merged": merged,
    "precondition-failed": outdated,
    "precondition-required": lambda met: met.strict.put(f"/api/v1/needs/{met.need()}", json=NEED),
    "too-large": lambda met: met.call.post("/api/v1/needs", content=b"x" * 3_000_000),
    "invalid-input": lambda met: met.call.get("/api/v1/needs", params={"sort": "abc"}),
    "invalid-fields": lambda met: met.call.post("/api/v1/needs", json={"title": ""}),
    "unreadable-file": lambda met: met.upload(b""),
    "not-a-register": lambda met: met.upload("甲,乙\n1,2\n".encode()),
    "not-ready": lambda met: met.call.post("/api/v1/matches", json={"text": "锂电池"}),
    "busy": busy,
}
ELSEWHERE = {"forbidden", "disk-full", "in-progress", "internal-error", "request-failed"}
"""Met by large uploads, while a schedule is composed, when the program fails, and by callers that have left."""


def test_every_kind_is_met() -> None:
    assert MET.keys() | ELSEWHERE == BY_CODE.keys()


@pytest.mark.parametrize("code", MET)
def test_a_problem_names_its_kind(meeting: Meeting, code: str) -> None:
    response = MET[code](meeting)
    problem, example = response.json(), BY_CODE[code].example
    assert (problem["type"], response.status_code) == (problem_type(code), example["status"])
    assert problem["title"] == example["title"]
    assert problem.keys() - {"hint"} == example.keys() - {"hint"}
    for field in problem.get("errors", ()):
        assert field["field"].isascii()
        assert field["field"] or field["label"]


def test_what_nobody_foresaw_names_its_kind(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("service.api.needs.needs.get", fail)
    problem = meeting.call.get("/api/v1/needs/1").json()
    assert (problem["type"], problem["id"] in problem["detail"]) == ("/problems/internal-error", True)
    assert "secret" not in str(problem)
