"""The whole way over REST: 200 patents with mixed facts imported, checked in bulk, declared, matched, agreed, dealt with evidence.

Worked by hand. All patents belong to 示例理工大学 and were filed on 2019-03-15; fees are paid to 2026-03-14 by the register of
2025-06-01 unless said otherwise. Verdicts as of 2025-06-30:

  group (number)            facts                                                        verdict
  clean (80)                none                                                         eligible
  reportless (20)           utility models without evaluation report                     unknown
  reported (20)             utility models with a favourable report of 2025-01-10        eligible
  exclusive (20)            exclusive licence 2024-01-01 to 2027-12-31                    blocked, 细则 86 (1)
  ended (10)                exclusive licence 2022-01-01 to 2024-12-31                    eligible
  refused (10)              pledged 2024-05-01, the pledgee does not agree                blocked, 细则 86 (4)
  agreed (10)               pledged 2024-05-01, the pledgee agrees                        eligible
  grace (10)                fees paid to 2025-03-14 only                                  blocked, 细则 86 (3)
  ungranted (10)            under examination                                             blocked, 细则 85
  unpaid (10)               nothing known of fees                                         unknown

  eligible 80 + 20 + 10 + 10 = 120, blocked 20 + 10 + 10 + 10 = 50, unknown 20 + 10 = 30

Segments: clean patents with an even place are in HB01, with an odd one half in HB01 and half in HB02, all others in HB03.
Declared in July 2025 are clean 0 to 9: five wholly in HB01, five half in each: HB01 7.5, HB02 2.5, together 10.
Deals: an open licence on clean 1 for 110,000, of which 60,000 arrived; an exclusive licence on clean 10 for 500,000.

  segment   deals   contract amount               received
  HB01      1.5     55,000 + 500,000 = 555,000    30,000
  HB02      0.5     55,000                        30,000
  total     2       610,000                       60,000
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.accounts import keys as access_keys
from catalog.kit.days import beijing_today
from index.generations.build import reindex
from index.model.encoder import Encoder
from ingestion.identifiers.application_number import check_digit
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise

DAY, AFTER = "2025-06-30", "2025-07-20"
OWNER, FIRM = "示例理工大学", "示例锅炉设备有限公司"
GROUPS = {
    "clean": 80, "reportless": 20, "reported": 20, "exclusive": 20, "ended": 10,
    "refused": 10, "agreed": 10, "grace": 10, "ungranted": 10, "unpaid": 10,
}  # fmt: skip
EXPECTED = {
    "clean": "eligible", "reportless": "unknown", "reported": "eligible", "exclusive": "blocked", "ended": "eligible",
    "refused": "blocked", "agreed": "eligible", "grace": "blocked", "ungranted": "blocked", "unpaid": "unknown",
}  # fmt: skip
GROUND = {
    "reportless": "report_missing", "exclusive": "exclusive_licence", "refused": "pledge_refused", "grace": "grace",
    "ungranted": "not_granted", "unpaid": "annuity_unknown",
}  # fmt: skip
FACTS = {
    "reported": {"记录种类": "专利权评价报告", "发生日": "2025-01-10", "评价报告结论": "未发现不符合授予条件"},
    "exclusive": {"记录种类": "许可", "发生日": "2024-01-01", "期满日": "2027-12-31", "许可方式": "独占", "被许可人": "示例泵业有限公司"},
    "ended": {"记录种类": "许可", "发生日": "2022-01-01", "期满日": "2024-12-31", "许可方式": "独占", "被许可人": "示例泵业有限公司"},
    "refused": {"记录种类": "质押", "发生日": "2024-05-01", "质权人": "示例银行", "质权人是否同意开放许可": "未同意"},
    "agreed": {"记录种类": "质押", "发生日": "2024-05-01", "质权人": "示例银行", "质权人是否同意开放许可": "同意"},
}  # fmt: skip
PDF = b"%PDF-1.4\n%%EOF\n"


def numbers() -> dict[str, list[str]]:
    """Application numbers by group."""
    serial, found = 0, {}
    for group, count in GROUPS.items():
        kind = 2 if group in ("reportless", "reported") else 1
        bodies = [f"2019{kind}{serial + place:07d}" for place in range(1, count + 1)]
        found[group] = [f"{body}.{check_digit(body)}" for body in bodies]
        serial += count
    return found


NUMBERS = numbers()


def segments_of(group: str, place: int) -> str:
    if group != "clean":
        return "HB03"
    return "HB01" if place % 2 == 0 else "HB01;HB02"


def title_of(group: str, place: int) -> str:
    if (group, place) == ("clean", 1):
        return "一种锅炉烟气余热回收装置及其防腐蚀方法"
    return f"一种农业大棚灌溉控制器的第{list(GROUPS).index(group)}组第{place}种结构"


def patent_row(group: str, place: int) -> dict[str, str]:
    paid = {"grace": "2025-03-14", "unpaid": "", "ungranted": ""}.get(group, "2026-03-14")
    granted = group != "ungranted"
    return {
        "申请号": NUMBERS[group][place],
        "专利名称": title_of(group, place),
        "申请日": "2019-03-15",
        "授权公告日": "2021-04-06" if granted else "",
        "法律状态": "有效" if granted else "审中",
        "法律状态日期": "2021-04-06" if granted else "2025-06-01",
        "年费缴至日": paid,
        "登记簿查询日": "2025-06-01" if paid else "",
        "专利权人": OWNER,
        "地址": "湖北省武汉市示例路1号",
        "产业细分领域": segments_of(group, place),
    }


def as_csv(rows: list[dict[str, str]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.fixture
def platform(
    tmp_path: Path, model_dir: Path, encoder: Encoder, serving: Callable[[Runtime], str]
) -> Iterator[tuple[Runtime, httpx.Client]]:
    """An empty installation and a caller of it."""
    runtime = Runtime(Settings(data=tmp_path, model=str(model_dir)), encoder)
    initialise(runtime.database)
    with runtime.database.write() as session:
        key = access_keys.create(session, "省平台")
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{serving(runtime)}/api/v1", headers=headers, timeout=120) as client:
        yield runtime, client


def answered(response: httpx.Response, status: int = 201) -> Any:
    assert response.status_code == status, response.text
    return response.json()


def load(client: httpx.Client) -> None:
    """Import the patents and their facts."""
    every = [(group, place) for group, count in GROUPS.items() for place in range(count)]
    facts = [{"申请号": NUMBERS[group][place]} | FACTS[group] for group, place in every if group in FACTS]
    files = {"patents": [patent_row(group, place) for group, place in every], "facts": facts}
    for kind, rows in files.items():
        content = {"file": (f"{kind}.csv", as_csv(rows))}
        report = answered(client.post("/imports", files=content, data={"kind": kind}))
        assert (report["new"], report["rejected"]) == (len(rows), 0), report


def check(client: httpx.Client, wanted: list[str], day: str) -> list[dict[str, Any]]:
    body = {"application_numbers": wanted, "as_of": day}
    found: list[dict[str, Any]] = answered(client.post("/licences/check", json=body), 200)["items"]
    return found


def verdicts(client: httpx.Client) -> None:
    """All 200 at once, by group."""
    items = iter(check(client, [number for group in NUMBERS.values() for number in group], DAY))
    counts: Counter[str] = Counter()
    for group, count in GROUPS.items():
        for _ in range(count):
            verdict = next(items)["verdict"]
            assert verdict["verdict"] == EXPECTED[group], (group, verdict)
            if group in GROUND:
                assert GROUND[group] == verdict["grounds"][0]["code"], (group, verdict)
                assert verdict["todo"], group
            counts[verdict["verdict"]] += 1
    assert counts == {"eligible": 120, "blocked": 50, "unknown": 30}


def declare(client: httpx.Client) -> None:
    """Draft and announce a declaration on clean 0 to 9."""
    for place in range(10):
        terms = {
            "application_number": NUMBERS["clean"][place],
            "payment_form": "一次总付",
            "fixed_fee": 100_000 + 10_000 * place,
            "starts_on": "2025-07-01",
            "ends_on": "2028-12-31",
            "declared_on": "2025-07-01",
            "status": "草稿",
        }
        draft = answered(client.post("/licences", json=terms))
        day = {"published_on": "2025-07-05"}
        shown = answered(client.post(f"/licences/{draft['id']}/publish", json=day), 200)
        assert shown["status_name"] == "已公告"
        if place == 1:
            assert shown["terms"].startswith("一次总付，11 万元，许可期限 2025-07-01 至 2028-12-31，全国")


def match(client: httpx.Client) -> dict[str, Any]:
    """A need of a firm finds clean 1 first; it is offered to the firm."""
    need = {
        "title": "锅炉烟气余热回收",
        "text": "锅炉烟气余热回收装置容易腐蚀，希望延长寿命",
        "enterprise": FIRM,
    }
    stored = answered(client.post("/needs", json=need))
    found = answered(client.get(f"/needs/{stored['id']}/matches", params={"top_k": 3}), 200)
    best = found["items"][0]
    assert best["patent"]["application_number"] == NUMBERS["clean"][1]
    offer = {
        "application_number": NUMBERS["clean"][1],
        "need_id": stored["id"],
        "generation": found["generation"],
        "rank": best["rank"],
        "score": best["score"],
    }
    case: dict[str, Any] = answered(client.post("/pipeline", json=offer))
    for stage in ("已读", "有意向", "洽谈"):
        case = answered(client.post(f"/pipeline/{case['id']}/stage", json={"stage": stage}), 200)
    return case


def deal_of(place: int, licence_type: str, amount: int, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "许可",
        "licence_type": licence_type,
        "application_numbers": [NUMBERS["clean"][place]],
        "givers": [{"name": OWNER, "address": "湖北省武汉市示例路1号"}],
        "takers": [{"name": FIRM, "address": "湖北省宜昌市示例路2号"}],
        "payment_form": "一次总付",
        "contract_amount": amount,
        "signed_on": "2025-07-10",
        "ends_on": "2028-07-09",
    } | changes


def conclude(client: httpx.Client, case: dict[str, Any]) -> None:
    """The open licence agreed on, filed, paid in part and proved; and an exclusive licence on another patent."""
    answered(client.post("/deals", json=deal_of(1, "独占", 1)), 422)
    answered(client.post("/deals", json=deal_of(1, "开放", 1, ends_on="2039-03-15")), 422)
    deal = answered(client.post("/deals", json=deal_of(1, "开放", 110_000)))
    signed = {"stage": "签约", "deal_id": deal["id"]}
    answered(client.post(f"/pipeline/{case['id']}/stage", json=signed), 200)
    filing = {"filing_number": "X2025420000001", "filed_on": "2025-08-01"}
    answered(client.post(f"/deals/{deal['id']}/filing", json=filing), 200)
    paid = {"received_on": "2025-08-15", "amount": 60_000}
    receipt = answered(client.post(f"/deals/{deal['id']}/receipts", json=paid))["receipts"][0]["id"]
    proof = {"kind": "invoice", "receipt_id": str(receipt)}
    kept = answered(
        client.post(f"/deals/{deal['id']}/evidence", files={"file": ("发票.pdf", PDF)}, data=proof)
    )
    assert client.get(f"/deals/{deal['id']}/evidence/{kept['id']}").content == PDF
    assert answered(client.get(f"/deals/{deal['id']}"), 200)["outstanding"] == "50000.00"
    stages = answered(client.get(f"/pipeline/{case['id']}"), 200)["history"]
    assert [step["to_stage_name"] for step in stages] == [
        "推送", "已读", "有意向", "洽谈", "签约", "备案", "到账",
    ]  # fmt: skip
    (before,) = check(client, [NUMBERS["clean"][10]], AFTER)
    assert before["verdict"]["verdict"] == "eligible"
    answered(client.post("/deals", json=deal_of(10, "独占", 500_000)))
    (barred,) = check(client, [NUMBERS["clean"][10]], AFTER)
    assert barred["verdict"]["verdict"] == "blocked"
    assert barred["verdict"]["grounds"][0]["code"] == "exclusive_licence"


def sums(client: httpx.Client) -> None:
    """The figures of the second half of 2025 by segment."""
    asked = {"since": "2025-07-01", "until": "2025-12-31"}
    report = answered(client.get("/statistics/segments", params=asked), 200)
    found = {
        row["code"]: [float(row[n]) for n in ("declared", "deals", "contract_amount", "received")]
        for row in report["rows"]
        if float(row["declared"]) or float(row["deals"])
    }
    assert found == {"HB01": [7.5, 1.5, 555_000, 30_000], "HB02": [2.5, 0.5, 55_000, 30_000]}
    total = report["total"]
    assert [float(total[n]) for n in ("declared", "deals", "contract_amount", "received")] == [
        10, 2, 610_000, 60_000,
    ]  # fmt: skip
    assert report["catalogue"] == "HB-2021.1"


def test_from_import_to_payment(platform: tuple[Runtime, httpx.Client], encoder: Encoder) -> None:
    runtime, client = platform
    load(client)
    verdicts(client)
    declare(client)
    reindex(runtime.database, runtime.settings.data, encoder, today=beijing_today())
    conclude(client, match(client))
    sums(client)
