"""One record of every kind, made over REST and, where it comes from imports or composing alone, in the catalogue."""

from __future__ import annotations

from typing import Any

import httpx

from catalog.accounts import keys as access_keys
from catalog.accounts import users
from catalog.accounts.keys import KeyTerms
from catalog.accounts.roles import UserRole
from catalog.accounts.users import Rights
from catalog.docking import activities
from catalog.docking.meetings import ActivityMeeting, ScheduleRun
from catalog.docking.terms import ActivityStatus, ScheduleKind
from catalog.imports.conflicts import NumberConflict
from catalog.imports.imports import Import, ImportStatus
from catalog.kit.base import id_of, now
from ingestion.identifiers.application_number import check_digit
from service.installation.runtime import Runtime

PASSWORD = "correct horse battery"
UNIVERSITY, FIRM = "示例版本大学", "示例版本设备有限公司"
DEAL: dict[str, Any] = {
    "kind": "许可",
    "licence_type": "普通",
    "givers": [{"name": UNIVERSITY, "address": "湖北省武汉市示例路1号"}],
    "takers": [{"name": FIRM, "address": "湖北省宜昌市示例路2号"}],
    "payment_form": "一次总付",
    "contract_amount": 300000,
    "signed_on": "2025-03-03",
}
ACTIVITY: dict[str, Any] = {
    "name": "示例版本对接会",
    "region": ["襄阳市"],
    "limits": {"firms": 30, "most_firm": 6},
    "sessions": [
        {"day": "2027-05-11", "starts": "09:00", "slots": 4, "places": [{"room": "一号厅", "tables": 2}]}
    ],
}


def number_of(serial: int, year: int = 2019) -> str:
    body = f"{year}1{serial:07d}"
    return f"{body}.{check_digit(body)}"


class Maker:
    """Makes records and keeps their numbers."""

    def __init__(self, client: httpx.Client, runtime: Runtime) -> None:
        self.client, self.runtime = client, runtime
        self._serial = 9_970_000
        self._powers: dict[UserRole, httpx.Client] = {}

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        record: dict[str, Any] = answer.json()
        return record

    def power(self, role: UserRole) -> httpx.Client:
        """A client with a key of a user of this role, one for each."""
        if role not in self._powers:
            with self.runtime.database.write() as session:
                owner = users.create(session, f"versions.{role}", "示例用户", PASSWORD)
                users.grant(session, owner, Rights(role))
                key = access_keys.create(session, f"versions.{role}", KeyTerms(owner, role))
            headers = {"Authorization": f"Bearer {key}"}
            self._powers[role] = httpx.Client(
                base_url=self.client.base_url, headers=headers, timeout=60, trust_env=False
            )
        return self._powers[role]

    def close(self) -> None:
        """Closes the clients of all powers."""
        for client in self._powers.values():
            client.close()

    def user(self) -> int:
        self._serial += 1
        body = {"login": f"user.{self._serial}", "name": "示例用户", "password": PASSWORD}
        return int(self.power(UserRole.ADMINISTRATOR).post("/api/v1/users", json=body).json()["id"])

    def key(self) -> int:
        self._serial += 1
        body = {"name": f"示例平台 {self._serial}"}
        return int(self.power(UserRole.ADMINISTRATOR).post("/api/v1/keys", json=body).json()["id"])

    def patent(self, **stated: Any) -> dict[str, Any]:
        self._serial += 1
        body = {
            "title": f"一种可修改装置 {self._serial}",
            "application_number": number_of(self._serial),
            "publication_number": [f"CN1{self._serial:08d}A"],
            "holders": [UNIVERSITY],
            "ipc": ["H01M10/615", "G02F1/13"],
            "inventors": ["张某", "李某"],
            "filing_date": "2019-03-12",
            "publication_date": "2020-09-01",
            "grant_date": "2021-08-18",
            "legal_status": "有效",
            "address": "湖北省武汉市洪山区示例路1号",
        }
        return self.post("patents", **body | stated)

    def need(self, **stated: Any) -> dict[str, Any]:
        self._serial += 1
        return self.post(
            "needs",
            **{
                "title": f"电池低温充电 {self._serial}",
                "text": "零下二十度时充电慢，希望不损伤电池。",
                "enterprise": FIRM,
                "industry": "3841",
                "budget": 600000,
                "closes_on": "2031-12-31",
            }
            | stated,
        )

    def enterprise(self, **stated: Any) -> dict[str, Any]:
        self._serial += 1
        return self.post(
            "enterprises",
            **{
                "name": f"示例版本企业 {self._serial} 有限公司",
                "titles": ["省级专精特新"],
                "address": "湖北省宜昌市示例路18号",
                "industry": "3841",
                "revenue": 86000000,
            }
            | stated,
        )

    def licence(self) -> dict[str, Any]:
        return self.post(
            "licences",
            application_number=self.patent()["application_number"],
            payment_form="入门费加提成",
            fixed_fee=30000,
            royalty_rate=3,
            royalty_base="净销售额",
            starts_on="2026-01-01",
            ends_on="2028-12-31",
            consents=[{"holder": UNIVERSITY, "consent": "已同意", "on": "2025-11-20"}],
            status="草稿",
        )

    def deal(self) -> dict[str, Any]:
        deal = self.post("deals", **DEAL, application_numbers=[self.patent()["application_number"]])
        return self.post(f"deals/{deal['id']}/receipts", received_on="2025-04-01", amount=1000)

    def fact(self) -> dict[str, Any]:
        return self.post(
            f"patents/{self.patent()['id']}/facts",
            kind="质押",
            value="质权人未同意",
            party="示例银行",
            happened_on="2025-02-11",
        )

    def case(self) -> dict[str, Any]:
        number = self.patent()["application_number"]
        return self.post("pipeline", application_number=number, need_id=self.need()["id"])

    def feedback(self) -> dict[str, Any]:
        need, patent = self.need(), self.patent()
        return self.post("feedback", patent_id=patent["id"], need_id=need["id"], verdict="合适", who=FIRM)

    def plan(self) -> dict[str, Any]:
        self._serial += 1
        body = {"year": 2029, "area": f"片区{self._serial}", "field": "光电子信息", "planned": 2}
        answer = self.client.put("/api/v1/activity-plans", json=body)
        assert answer.status_code == 200, answer.text
        plan: dict[str, Any] = answer.json()
        return plan

    def mapping(self) -> str:
        self._serial += 1
        body = {"kind": "patents", "columns": {"title": ["名称"], "application_number": ["号"]}}
        answer = self.client.put(f"/api/v1/mappings/版本台账{self._serial}", json=body)
        assert answer.status_code == 200, answer.text
        return f"版本台账{self._serial}"

    def activity(self) -> dict[str, int]:
        """An activity with two parties, a meeting and its outcome, by the names of the parameters of addresses."""
        activity = self.post("activities", **ACTIVITY)["id"]
        firm = self.post(f"activities/{activity}/invitations", role="企业", name=FIRM, answer="参加")["id"]
        team = self.post(
            f"activities/{activity}/invitations", role="专利权人团队", name=UNIVERSITY, answer="参加"
        )["id"]
        patent, need = self.patent()["id"], self.need()["id"]
        with self.runtime.database.write() as session:
            meeting = ActivityMeeting(
                activity_id=activity,
                firm_id=firm,
                team_id=team,
                need_id=need,
                patent_id=patent,
                session=1,
                slot=1,
                table=1,
            )
            run = ScheduleRun(activity_id=activity, number=1, kind=ScheduleKind.COMPOSED)
            session.add_all([meeting, run])
            activities.get(session, activity).status = ActivityStatus.RUNNING
            session.flush()
            meeting_id = id_of(meeting)
        path = f"/api/v1/activities/{activity}/meetings/{meeting_id}/outcome"
        answer = self.client.put(path, json={"result": "有意向", "form": "许可", "amount_in_view": 5000})
        assert answer.status_code == 200, answer.text
        return {
            "id": activity,
            "invitation_id": firm,
            "meeting_id": meeting_id,
            "number": 1,
            "outcome_id": answer.json()["id"],
        }

    def follow_up(self) -> int:
        rows = self.client.get(f"/api/v1/activities/{self.activity()['id']}/outcomes").json()
        found: int = rows["items"][0]["follow_ups"][0]["id"]
        return found

    def webhook(self) -> dict[str, Any]:
        self._serial += 1
        url = "https://platform.example.cn/hooks"
        return self.post("webhooks", name=f"平台{self._serial}", url=url, events=["night.finished"])

    def conflict(self) -> int:
        self._serial += 1
        firm = self.enterprise()
        with self.runtime.database.write() as session:
            row = NumberConflict(
                kind="enterprises",
                field="统一社会信用代码",
                number=f"9{self._serial}",
                digest=f"{self._serial}",
                record={"name": FIRM, "credit_code": f"9{self._serial}"},
                name=FIRM,
                owners=[],
                record_id=firm["id"],
                stored_name=firm["name"],
                stored_owners=[],
                stored_at=now(),
            )
            session.add(row)
            session.flush()
            return id_of(row)

    def imported(self) -> int:
        with self.runtime.database.write() as session:
            row = Import(kind="needs", file_name="版本.csv", file_hash="0", status=ImportStatus.FINISHED)
            session.add(row)
            session.flush()
            return id_of(row)

    def merge(self) -> int:
        ids = []
        for spelling in ("甲", "乙"):
            self._serial += 1
            (name,) = self.patent(holders=[f"示例{spelling}{self._serial}大学"])["holders"]
            found = self.client.get("/api/v1/holders", params={"name": name}).json()
            ids.append(found["items"][0]["id"])
        answer = self.client.post("/api/v1/holders/merge", json={"keep": ids[0], "others": ids[1:]})
        assert answer.status_code == 200, answer.text
        merge: int = answer.json()["items"][0]["id"]
        return merge
