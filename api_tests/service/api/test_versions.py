"""Versions of single records: every answer carries a tag, every write of every kind refuses a stale one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest

from api_tests.service.api.kinds import Maker
from catalog.accounts.roles import UserRole
from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings


class Route(NamedTuple):
    """A route as the document of the interface describes it."""

    path: str
    method: str
    responses: dict[str, Any]
    has_body: bool


ROUTES = {
    described["operationId"]: Route(path, method, described["responses"], "requestBody" in described)
    for path, methods in create_app(Runtime(Settings())).openapi()["paths"].items()
    for method, described in methods.items()
}
# They make or send something beside the record of the address, or concern many records.
BESIDE = {
    "create_patent_fact", "create_invitation", "invite_recommended", "confirm_import", "decide_import_conflicts",
    "restore_deletion", "test_webhook", "retry_webhook_delivery",
}  # fmt: skip
# The check stands behind that of the body, since the record is not the one in the address or the transaction begins late.
BODIES: dict[str, dict[str, Any]] = {
    "put_patent_by_number": {"json": {"title": "一种装置"}},
    "put_need_by_external_id": {"json": {"title": "甲", "text": "乙"}},
    "put_enterprise_by_credit_code": {"json": {"name": "示例企业"}},
    "delete_patent_by_number": {"params": {"reason": "测试"}},
    "delete_need_by_external_id": {"params": {"reason": "测试"}},
    "delete_enterprise_by_credit_code": {"params": {"reason": "测试"}},
    "record_outcome": {"json": {"result": "有意向"}},
    "make_deal": {"json": {"signed_on": "2025-03-03"}},
    "compose_schedule": {"json": {"quick": True}},
    "put_mapping": {
        "json": {"kind": "patents", "columns": {"title": ["名称"], "application_number": ["号"]}}
    },
    "create_evidence": {"data": {"kind": "contract"}, "files": {"file": ("合同.pdf", b"%PDF-1.4\n%%EOF\n")}},
}


class Made(NamedTuple):
    """A record by the parameters of its address."""

    parameters: dict[str, Any]

    def at(self, path: str) -> str:
        for name in (
            "id",
            "invitation_id",
            "meeting_id",
            "receipt_id",
            "evidence_id",
            "number",
            "source",
            "code",
            "external_id",
        ):
            path = path.replace(f"{{{name}}}", str(self.parameters.get(name, 1)))
        return path


@pytest.fixture(scope="module")
def maker(client: httpx.Client, installation: Runtime) -> Iterator[Maker]:
    found = Maker(client, installation)
    yield found
    found.close()


MAKERS: dict[str, Callable[[Maker], dict[str, Any]]] = {
    "/api/v1/patents/": lambda maker: maker.patent(),
    "/api/v1/needs/": lambda maker: maker.need(external_id=uuid4().hex),
    "/api/v1/enterprises/": lambda maker: maker.enterprise(
        credit_code=f"91420106MA{uuid4().int % 10**7:07d}X"
    ),
    "/api/v1/licences/": lambda maker: maker.licence(),
    "/api/v1/deals/": lambda maker: maker.deal(),
    "/api/v1/facts/": lambda maker: maker.fact(),
    "/api/v1/pipeline/": lambda maker: maker.case(),
    "/api/v1/feedback/": lambda maker: maker.feedback(),
    "/api/v1/activity-plans/": lambda maker: maker.plan(),
    "/api/v1/mappings/": lambda maker: {"source": maker.mapping()},
    "/api/v1/activities/": lambda maker: maker.activity(),
    "/api/v1/follow-ups/": lambda maker: {"id": maker.follow_up()},
    "/api/v1/invitations/": lambda maker: {"id": maker.activity()["invitation_id"]},
    "/api/v1/outcomes/": lambda maker: {"id": maker.activity()["outcome_id"]},
    "/api/v1/conflicts/": lambda maker: {"id": maker.conflict()},
    "/api/v1/imports/": lambda maker: {"id": maker.imported()},
    "/api/v1/holders/merges/": lambda maker: {"id": maker.merge()},
    "/api/v1/webhooks/": lambda maker: maker.webhook(),
    "/api/v1/users/": lambda maker: {"id": maker.user()},
    "/api/v1/keys/": lambda maker: {"id": maker.key()},
    "/api/v1/holders/": lambda maker: maker.client.get("/api/v1/holders?size=1").json()["items"][0],
}


def caller(maker: Maker, route: Route) -> httpx.Client:
    """The client of a key that may call the route: accounts are made by one power and given rights by another."""
    if not route.path.startswith(("/api/v1/users/", "/api/v1/keys/")):
        return maker.client
    return maker.power(UserRole.SECURITY if route.path.endswith("/rights") else UserRole.ADMINISTRATOR)


def made(maker: Maker, route: Route) -> Made:
    make = next(make for prefix, make in MAKERS.items() if route.path.startswith(prefix))
    values = make(maker)
    if route.path.startswith("/api/v1/patents/"):
        values["number"] = values["application_number"]
    if route.path.startswith("/api/v1/enterprises/"):
        values["code"] = values["credit_code"]
    if route.path.startswith("/api/v1/deals/"):
        values["receipt_id"] = values["receipts"][0]["id"]
    return Made(values)


def conditional() -> Iterator[str]:
    """The routes that change one record named in their address."""
    for name, route in ROUTES.items():
        if route.method != "get" and "{" in route.path and name not in BESIDE:
            yield name


def reading(path: str) -> str:
    """The address at which the record that a route changes is read, empty for none."""
    parts, read = path.split("/"), {route.path for route in ROUTES.values() if route.method == "get"}
    while parts and "/".join(parts) not in read:
        parts.pop()
    return "/".join(parts)


def call(client: httpx.Client, name: str, one: Made, tag: str) -> httpx.Response:
    route = ROUTES[name]
    sent = BODIES.get(name, {"json": {"colour": "red"}} if route.has_body else {})
    return client.request(route.method, one.at(route.path), headers={"If-Match": tag}, **sent)


@pytest.mark.parametrize("name", list(conditional()))
def test_every_write_refuses_a_stale_version_and_takes_the_present_one(maker: Maker, name: str) -> None:
    route = ROUTES[name]
    assert {"412", "428"} <= set(route.responses)
    one, client = made(maker, route), caller(maker, route)
    for tag in ('"1-1"', '"1-1", "2-2"', 'W/"1-1"', "abc"):
        stale = call(client, name, one, tag)
        assert (stale.status_code, stale.json()["title"]) == (412, "记录已被他人修改"), stale.text
    present = stale.json()["etag"]
    for tag in (f'"1-1", {present}', "*"):
        answer = call(client, name, one, tag)
        assert answer.status_code not in (412, 428, 500), answer.text
        if client.get(one.at(reading(route.path))).status_code != 200:  # gone
            return


READ = [name for name, route in ROUTES.items() if "304" in route.responses]


@pytest.mark.parametrize("name", READ)
def test_every_record_is_read_with_its_version_and_spared_to_who_has_it(maker: Maker, name: str) -> None:
    address, client = made(maker, ROUTES[name]).at(ROUTES[name].path), caller(maker, ROUTES[name])
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert {"updated_at"} <= set(answer.json())
    tag = answer.headers["etag"]
    for known in (tag, f'"1-1", {tag}', f"W/{tag}", "*"):
        again = client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"1-1"'}).status_code == 200


def test_what_a_write_answers_is_the_version_that_is_read_next(client: httpx.Client, maker: Maker) -> None:
    patent = maker.patent()
    address = f"/api/v1/patents/{patent['id']}"
    tags = [client.get(address).headers["etag"]]
    for title in ("一种甲", "一种乙"):
        body = {"title": title, "application_number": patent["application_number"]}
        changed = client.put(address, json=body, headers={"If-Match": tags[-1]})
        assert changed.status_code == 200, changed.text
        assert changed.headers["etag"] == client.get(address).headers["etag"]
        assert client.put(address, json=body, headers={"If-Match": tags[-1]}).status_code == 412
        tags.append(changed.headers["etag"])
    assert len(set(tags)) == 3
    assert client.get(address).json()["title"] == "一种乙"


def test_what_is_made_is_found_at_the_address_and_in_the_version_that_the_answer_names(
    client: httpx.Client, maker: Maker
) -> None:
    number = maker.patent()["application_number"]
    answer = client.post(
        "/api/v1/licences", json={"application_number": number, "payment_form": "免费", "status": "草稿"}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/v1/licences/{answer.json()['id']}"
    assert client.get(answer.headers["location"]).headers["etag"] == answer.headers["etag"]
    again = client.post(
        "/api/v1/licences", json={"application_number": number, "payment_form": "免费", "status": "草稿"}
    )
    assert (again.status_code, again.json()["existing_id"]) == (409, answer.json()["id"])


def test_every_route_that_makes_a_record_names_its_address() -> None:
    # A file is imported, and a recommendation invites many: neither makes one record.
    many = {"create_import", "confirm_import", "import_answers", "invite_recommended"}
    made = {name for name, route in ROUTES.items() if "201" in route.responses} - many
    assert len(made) > 10
    for name in made:
        assert set(ROUTES[name].responses["201"]["headers"]) >= {"ETag", "Location"}, name


def test_an_installation_may_insist_on_versions(
    client: httpx.Client, maker: Maker, installation: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = maker.need()
    address, body = f"/api/v1/needs/{need['id']}", {"title": need["title"], "text": "改述"}
    monkeypatch.setattr(installation.settings, "require_if_match", True)
    refused = client.put(address, json=body)
    assert (refused.status_code, refused.json()["title"]) == (428, "须注明所改的版本")
    tag = client.get(address).headers["etag"]
    assert client.put(address, json=body, headers={"If-Match": tag}).status_code == 200
