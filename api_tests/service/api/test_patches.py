"""PATCH, look-up and upsert by numbers of their own, and the form of stored records, which put again changes nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from api_tests.service.api.kinds import FIRM, Maker, number_of
from catalog.db import Session
from catalog.deals.deals import Deal
from catalog.demand.enterprises import Enterprise
from catalog.demand.needs import Need
from catalog.docking.activities import Activity
from catalog.licences.licences import Licence
from catalog.supply.facts import Fact
from catalog.supply.patents import Patent
from service.installation.runtime import Runtime
from service.requests.single import deals, docking, enterprises, facts, licences, needs, patents
from service.requests.single.patches import merged

FORMS: dict[str, tuple[Any, Any]] = {
    "patents": (Patent, patents.form),
    "needs": (Need, needs.form),
    "enterprises": (Enterprise, enterprises.form),
    "licences": (Licence, licences.form),
    "facts": (Fact, facts.form),
    "deals": (Deal, deals.form),
    "activities": (Activity, docking.activity),
}


@pytest.fixture(scope="module")
def maker(client: httpx.Client, installation: Runtime) -> Maker:
    made = Maker(client, installation)
    for make in (made.patent, made.need, made.enterprise, made.licence, made.deal, made.fact):
        make()
    made.patent(industries=["3841"], segments=["HB02"], legal_status_date="2022-01-05", agency="示例代理")
    made.need(segments=["HB02"], external_id="SZX-1", remark="备注", contact="张某")
    made.need(enterprise=None, budget=None, closes_on=None, status="已关闭")
    made.enterprise(former_names=["示例曾用名有限公司"], credit_code="91350203M0001QAY9B", staff=12)
    made.activity()
    return made


def rows(session: Session, model: Any) -> list[Any]:
    return list(session.execute(select(model)).scalars())


@pytest.mark.parametrize("noun", FORMS)
def test_putting_the_form_of_any_stored_record_changes_nothing(
    client: httpx.Client, maker: Maker, installation: Runtime, noun: str
) -> None:
    model, form = FORMS[noun]
    with installation.database.read() as session:
        forms = {row.id: form(session, row) for row in rows(session, model)}
    assert forms
    for id_, stated in forms.items():
        before = client.get(f"/api/v1/{noun}/{id_}")
        answer = client.put(f"/api/v1/{noun}/{id_}", json=stated)
        after = client.get(f"/api/v1/{noun}/{id_}")
        if answer.status_code == 200:
            assert answer.headers["etag"] == before.headers["etag"], (stated, before.json(), answer.json())
        else:  # an activity that has begun, a deal that has ended
            assert answer.status_code == 409, answer.text
        assert after.json() == before.json()
        assert client.patch(f"/api/v1/{noun}/{id_}", json={}).status_code == answer.status_code
        assert client.get(f"/api/v1/{noun}/{id_}").headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize(("address", "form"), [("invitations", docking.answer), ("plans", docking.plan)])
def test_patching_an_answer_or_a_line_of_the_plan_leaves_the_rest(
    client: httpx.Client, maker: Maker, address: str, form: Any
) -> None:
    if address == "plans":
        made = maker.plan()
        path = f"/api/v1/activity-plans/{made['id']}"
    else:
        activity = maker.activity()
        path = f"/api/v1/activities/{activity['id']}/invitations/{activity['invitation_id']}"
    before = client.get(path)
    assert client.patch(path, json={}).headers["etag"] == before.headers["etag"]
    after = client.patch(path, json={"note": "改过"})
    assert after.status_code == 200, after.text
    changed = {name for name, value in after.json().items() if before.json()[name] != value}
    assert changed - {"updated_at", "answered_at"} == {"note"}


CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "patents": ({"title": "一种改过名称的装置", "abstract": "改过的摘要"}, {"title", "abstract"}),
    "needs": ({"budget": 12.5, "contact": None}, {"budget", "contact"}),
    "enterprises": ({"staff": 77, "titles": None}, {"staff", "titles"}),
    "licences": ({"fixed_fee": 40000}, {"fixed_fee", "terms"}),
    "deals": ({"note": "改过", "contract_amount": 250000}, {"note", "contract_amount", "outstanding"}),
    "facts": ({"party": "示例另一银行"}, {"party"}),
}


@pytest.mark.parametrize("noun", CHANGES)
def test_a_patch_changes_what_it_names_and_nothing_else(
    client: httpx.Client, maker: Maker, noun: str
) -> None:
    patch, changes = CHANGES[noun]
    id_ = getattr(
        maker, {"patents": "patent", "needs": "need", "enterprises": "enterprise"}.get(noun, noun[:-1])
    )()["id"]
    before = client.get(f"/api/v1/{noun}/{id_}").json()
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = client.patch(f"/api/v1/{noun}/{id_}", headers=headers, json=patch)
    assert answer.status_code == 200, answer.text
    after = client.get(f"/api/v1/{noun}/{id_}").json()
    shown = {name for name, value in after.items() if before[name] != value}
    assert changes - {"contact"} <= shown
    assert shown <= changes | {"updated_at"}


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ({"colour": "red"}, "不支持此字段"),
        ({"colour": None}, "不支持此字段"),
        ({"title": None}, "缺少必填项"),
        ({"filing_date": "明天"}, "应为日期"),
        ([{"op": "remove", "path": "/title"}], "应为"),
    ],
)
def test_a_wrong_patch_is_refused_and_changes_nothing(
    client: httpx.Client, maker: Maker, patch: Any, reason: str
) -> None:
    address = f"/api/v1/patents/{maker.patent()['id']}"
    before = client.get(address)
    refused = client.patch(address, json=patch)
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]
    assert client.get(address).headers["etag"] == before.headers["etag"]


def test_a_patched_address_moves_the_region_and_a_patched_name_the_firm(
    client: httpx.Client, maker: Maker
) -> None:
    firm = maker.enterprise()
    moved = client.patch(
        f"/api/v1/enterprises/{firm['id']}", json={"address": "湖北省襄阳市示例路1号"}
    ).json()
    assert (moved["prefecture"], moved["province"]) == ("420600", "420000")
    need = maker.need()
    patched = client.patch(f"/api/v1/needs/{need['id']}", json={"enterprise": firm["name"]}).json()
    assert patched["enterprise_id"] == firm["id"]
    assert (
        client.patch(f"/api/v1/needs/{need['id']}", json={"enterprise_id": None}).json()["enterprise_id"]
        is None
    )


json_values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)


@given(json_values, json_values)
def test_a_merge_patch_applied_twice_is_applied_once(target: Any, patch: Any) -> None:
    once = merged(target, patch)
    assert merged(once, patch) == once
    assert merged(target, {}) == (target if isinstance(target, dict) else {})


BY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "patents": (
        "by-number",
        number_of(9_976_001),
        {
            "title": "一种可查找装置",
            "holders": ["示例查找大学"],
            "ipc": ["H01M10/615"],
            "grant_date": "2021-02-03",
        },
    ),
    "needs": (
        "by-external-id",
        "平台/2026 001",
        {"title": "查找", "text": "按外部编号查找", "enterprise": FIRM},
    ),
    "enterprises": ("by-credit-code", "91420106MA49ABCD1X", {"name": "示例查找有限公司", "staff": 5}),
}


@pytest.mark.parametrize("noun", BY)
def test_an_upsert_makes_a_record_once_and_repeated_changes_nothing(client: httpx.Client, noun: str) -> None:
    by, key, body = BY[noun]
    path = f"/api/v1/{noun}/{by}/{quote(key, safe='')}"
    assert client.get(path).status_code == 404
    assert client.put(path, json=body, headers={"If-Match": "*"}).status_code == 412
    made = client.put(path, json=body, headers={"If-None-Match": "*"})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/v1/{noun}/{made.json()['id']}"
    again = client.put(path, json=body)
    assert (again.status_code, again.headers["etag"]) == (200, made.headers["etag"])
    assert again.json() == made.json()
    assert client.put(path, json=body, headers={"If-None-Match": "*"}).status_code == 412
    read = client.get(path)
    assert (
        read.headers["etag"] == client.get(made.headers["location"]).headers["etag"] == made.headers["etag"]
    )
    patched = client.patch(path, json={"remark": "改过"}, headers={"If-Match": made.headers["etag"]})
    assert (patched.status_code, patched.json()["remark"] if noun != "patents" else "改过") == (200, "改过")
    assert client.put(path, json=body, headers={"If-Match": made.headers["etag"]}).status_code == 412
    gone = client.delete(path, params={"reason": "测试"}, headers={"If-Match": patched.headers["etag"]})
    assert gone.status_code == 200, gone.text
    for answer in (client.get(path), client.put(path, json=body)):
        assert (answer.status_code, answer.json()["deletion_id"]) == (410, gone.json()["id"]), answer.text


def test_a_patent_is_found_by_any_writing_of_its_numbers(client: httpx.Client, maker: Maker) -> None:
    patent = maker.patent()
    number, publication = patent["application_number"], patent["publications"][0]
    bare = number.replace(".", "")
    for writing in (number, bare, f"ZL{bare}", f"CN {number}", bare[:-1], publication, publication[:-1]):
        found = client.get(f"/api/v1/patents/by-number/{writing}")
        assert found.json().get("id") == patent["id"], (writing, found.text)
    assert client.get("/api/v1/patents", params={"application_number": f"ZL{bare}"}).json()["total"] == 1
    assert client.get("/api/v1/patents/by-number/abc").status_code == 422


def test_a_record_of_another_patent_or_firm_is_not_put_over_the_stored_one(
    client: httpx.Client, maker: Maker
) -> None:
    patent = maker.patent()
    path = f"/api/v1/patents/by-number/{patent['application_number']}"
    before = client.get(path).headers["etag"]
    other = client.put(path, json={"title": "一种柔性显示面板", "holders": ["示例样本电子有限公司"]})
    assert (other.status_code, other.json()["existing_id"]) == (409, patent["id"])
    wrong = client.put(path, json={"title": "甲", "application_number": number_of(9_976_777)})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "application_number")
    assert client.get(path).headers["etag"] == before
    renamed = client.put(path, json={"title": "一种改名的装置", "holders": patent["holders"]})
    assert renamed.json()["title"] == "一种改名的装置"
    firm = maker.enterprise(credit_code="91420100MA4KLH8X2Y")
    path = f"/api/v1/enterprises/by-credit-code/{firm['credit_code']}"
    other = client.put(path, json={"name": "示例毫不相干有限公司"})
    assert (other.status_code, other.json()["existing_id"]) == (409, firm["id"])


def test_an_external_id_belongs_to_one_need(client: httpx.Client, maker: Maker) -> None:
    first, second = maker.need(external_id="SZX-7"), maker.need()
    assert (
        client.get("/api/v1/needs", params={"external_id": "SZX-7"}).json()["items"][0]["id"] == first["id"]
    )
    taken = client.patch(f"/api/v1/needs/{second['id']}", json={"external_id": "SZX-7"})
    assert (taken.status_code, taken.json()["existing_id"]) == (409, first["id"])
