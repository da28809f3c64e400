"""Every route declares what it takes, and refuses who does not have it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.datastructures import Headers

from catalog.accounts import keys as access_keys
from catalog.accounts import users
from catalog.accounts.keys import KeyTerms
from catalog.accounts.roles import UserRole
from catalog.accounts.users import Rights
from service.app import create_app
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.web.key_check import client_address
from service.web.rights import declared

OPEN = {
    "/healthz",
    "/readyz",
    "/",
    "/export.xlsx",
    "/export.csv",
    "/docs",
    "/problems",
    "/problems/{code}",
    "/api/v1/openapi.json",
}
"""What anybody may ask: health, the description of the interface, and the search page over public patents."""
PASSWORD = "correct horse battery"


@cache
def routes() -> list[tuple[str, str, list[str]]]:
    return list(declared(create_app(Runtime(Settings())).routes))


def test_every_route_declares_a_permission_or_is_known_to_be_open() -> None:
    found = routes()
    assert len(found) > 150
    undeclared = {path for path, _, names in found if not names and path not in OPEN}
    assert not undeclared, f"declare a permission with service.web.rights.may: {sorted(undeclared)}"


def test_every_permission_but_that_of_what_is_to_come_is_taken_somewhere() -> None:
    taken = {name for *_, names in routes() for name in names}
    assert set().union(*(role.permissions for role in UserRole)) - taken == {"audit.read"}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """An empty installation."""
    found = Runtime(Settings(data=tmp_path_factory.mktemp("rights"), follow_seconds=0))
    initialise(found.database)
    return found


@pytest.fixture(scope="module")
def address(runtime: Runtime, serving: Callable[[Runtime], str]) -> str:
    return serving(runtime)


def caller(runtime: Runtime, address: str, name: str, role: UserRole, **terms: Any) -> httpx.Client:
    """A caller with a key of a user of this role."""
    with runtime.database.write() as session:
        owner = users.create(session, name, name, PASSWORD)
        users.grant(session, owner, Rights(role))
        key = access_keys.create(session, name, KeyTerms(owner, role, **terms))
    return httpx.Client(
        base_url=f"{address}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
    )


@pytest.mark.parametrize("role", [UserRole.AUDITOR])
def test_no_route_answers_who_lacks_its_permission(runtime: Runtime, address: str, role: UserRole) -> None:
    with caller(runtime, address, f"walk.{role}", role) as client:
        for path, method, names in routes():
            if not names or set(names) <= role.permissions:
                continue
            response = client.request(method, re.sub(r"{\w+}", "1", path.removeprefix("/api/v1")))
            assert response.status_code == 403, (role, method, path, response.text)
            problem = response.json()
            assert problem["type"] == "/problems/forbidden"
            assert problem["missing"] in set(names) - role.permissions


def test_a_narrow_key_is_refused_with_what_it_lacks(runtime: Runtime, address: str) -> None:
    with caller(runtime, address, "narrow", UserRole.PLATFORM, scopes=["patents.read"]) as client:
        assert client.get("/patents").status_code == 200
        refused = client.get("/needs")
        assert (refused.status_code, refused.json()["missing"]) == (403, "needs.read")
        assert "查看技术需求" in refused.json()["detail"]


def test_one_power_makes_accounts_and_another_gives_them_rights(runtime: Runtime, address: str) -> None:
    admin = caller(runtime, address, "the.admin", UserRole.ADMINISTRATOR)
    security = caller(runtime, address, "the.officer", UserRole.SECURITY)
    with admin, security:
        made = admin.post("/keys", json={"name": "新平台"}).json()
        headers = {"Authorization": f"Bearer {made['key']}"}
        assert httpx.get(f"{address}/api/v1/patents", headers=headers, trust_env=False).status_code == 403
        granted = {"role": "platform", "scopes": ["patents.read"]}
        assert admin.put(f"/keys/{made['id']}/rights", json=granted).status_code == 403
        assert security.put(f"/keys/{made['id']}/rights", json=granted).json()["scopes"] == ["patents.read"]
        assert httpx.get(f"{address}/api/v1/patents", headers=headers, trust_env=False).status_code == 200
        new = admin.post("/users", json={"login": "li.na", "name": "李娜", "password": PASSWORD}).json()
        assert new["role"] is None
        area = {"role": "市级主管部门", "area": "武汉市"}
        assert security.put(f"/users/{new['id']}/rights", json=area).json()["area"] == "420100"
        own = next(one for one in security.get("/users").json()["items"] if one["login"] == "the.officer")
        assert security.put(f"/users/{own['id']}/rights", json={"role": "province"}).status_code == 403
        rotated = admin.post(f"/keys/{made['id']}/rotate", json={"keep_hours": 0}).json()
        assert httpx.get(f"{address}/api/v1/patents", headers=headers, trust_env=False).status_code == 401
        headers = {"Authorization": f"Bearer {rotated['key']}"}
        assert httpx.get(f"{address}/api/v1/patents", headers=headers, trust_env=False).status_code == 200
        assert admin.post(f"/keys/{made['id']}/revoke").json()["status"] == "revoked"
        for answer in (admin.get("/keys"), admin.get("/users"), security.get(f"/keys/{made['id']}")):
            assert made["key"].split("_", 2)[2] not in answer.text
            assert "argon2" not in answer.text


def test_a_key_is_refused_from_elsewhere(runtime: Runtime, address: str) -> None:
    with caller(runtime, address, "elsewhere", UserRole.PLATFORM, networks=["10.0.0.0/8"]) as client:
        refused = client.get("/patents")
        assert refused.status_code == 401
        assert "127.0.0.1" in refused.json()["detail"]
        assert client.get("/patents", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401


def test_the_word_of_a_trusted_proxy_alone_is_taken_for_an_address() -> None:
    scope = {"client": ("127.0.0.1", 1)}
    forwarded = Headers({"X-Forwarded-For": "10.9.9.9, 172.16.0.7, 192.168.0.2"})
    assert client_address(scope, forwarded, []) == "127.0.0.1"
    assert client_address(scope, forwarded, ["127.0.0.1"]) == "192.168.0.2"
    assert client_address(scope, forwarded, ["127.0.0.1", "192.168.0.0/16"]) == "172.16.0.7"


def test_the_use_of_a_key_is_stored_now_and_then(tmp_path: Path) -> None:
    runtime = Runtime(Settings(data=tmp_path))
    initialise(runtime.database)
    with runtime.database.write() as session:
        access_keys.create(session, "省平台")
    runtime.key_use.note(1, date(2026, 6, 1))
    runtime.key_use.store(runtime.database)
    with runtime.database.read() as session:
        assert access_keys.named(session, "省平台").last_used_on == date(2026, 6, 1)
