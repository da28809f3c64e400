"""Activities, invitations, answers and outcomes as callers write them; regions and segments by code or name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationError, WithJsonSchema

from catalog.db import Session
from catalog.docking.activities import (
    MOST_SESSIONS,
    MOST_SLOTS,
    MOST_TABLES,
    ActivityLimits,
    ActivityUpdate,
)
from catalog.docking.invitations import MOST_PEOPLE, MOST_WISHES, AnswerStated, InvitationCreate
from catalog.docking.outcomes import OutcomeCreate
from catalog.docking.reporting.plans import PlanStated
from catalog.docking.terms import (
    ActivityKind,
    ActivityStatus,
    FollowUpState,
    InvitationAnswer,
    MeetingState,
    OutcomeForm,
    OutcomeResult,
    PartyRole,
    ScheduleKind,
)
from catalog.kit.base import Schema
from catalog.kit.ids import StrictId
from catalog.kit.terms import FeedbackReason
from service.requests.docking.composing import ComposeWish
from service.requests.docking.programmes import Since
from service.requests.field_problems import FieldProblem, InvalidFields, field_problems
from service.requests.filters import ClassConditions, Day, GivenDay, Values, codes_of, values_field
from service.requests.types import Yuan, either, term

Held = Annotated[ActivityKind, term(ActivityKind), either(ActivityKind, optional=False)]
Reached = Annotated[ActivityStatus, term(ActivityStatus), either(ActivityStatus, optional=False)]
Role = Annotated[PartyRole, term(PartyRole), either(PartyRole, optional=False)]
Answered = Annotated[InvitationAnswer, term(InvitationAnswer), either(InvitationAnswer, optional=False)]
Result = Annotated[OutcomeResult, term(OutcomeResult), either(OutcomeResult, optional=False)]
Why = Annotated[FeedbackReason | None, term(FeedbackReason), either(FeedbackReason)]
Form = Annotated[OutcomeForm | None, term(OutcomeForm), either(OutcomeForm)]
Attended = Annotated[MeetingState, term(MeetingState), either(MeetingState, optional=False)]
FollowedUp = Annotated[FollowUpState, term(FollowUpState), either(FollowUpState, optional=False)]
Slots = Annotated[int, Field(strict=True, ge=1, le=MOST_SLOTS)]
Wishes = Annotated[list[StrictId], Field(max_length=MOST_WISHES)]


class PlaceInput(Schema):
    """A room with tables."""

    room: str = Field(min_length=1, max_length=100, description="会场或厅室", examples=["一号厅"])
    tables: int = Field(strict=True, ge=1, le=MOST_TABLES, description="洽谈桌数", examples=[10])


class SessionInput(Schema):
    """A session with its places."""

    name: str = Field(default="", max_length=100, description="场次名称", examples=["上午场"])
    day: GivenDay = Field(description="日期", examples=["2026-12-15"])
    starts: str = Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="开始时刻", examples=["09:00"]
    )
    slot_minutes: int = Field(default=25, strict=True, ge=5, le=240, description="每场会谈的分钟数")
    gap_minutes: int = Field(default=5, strict=True, ge=0, le=120, description="两场会谈之间的分钟数")
    slots: Slots = Field(description="时段数", examples=[6])
    places: Annotated[list[PlaceInput], Field(min_length=1, max_length=50)] = Field(description="会场及桌数")


class LimitsInput(ActivityLimits):
    """The rules of the programme as a caller writes them: numbers, no texts."""

    model_config = {"extra": "forbid", "strict": True}  # noqa: RUF012 - read once by the library


class ActivityInput(Schema):
    """An activity as a caller writes it."""

    model_config = {  # noqa: RUF012 - read once by the library
        "json_schema_extra": {
            "examples": [
                {
                    "name": "汉江片区光电子信息供需对接会",
                    "kind": "对接会",
                    "area": "汉江片区",
                    "field": "光电子信息",
                    "region": ["襄阳市"],
                    "host": "示例市知识产权局",
                    "venue": "示例会议中心",
                    "limits": {"firms": 30, "teams": 20, "most_firm": 6},
                    "sessions": [
                        {
                            "name": "上午场",
                            "day": "2026-12-15",
                            "starts": "09:00",
                            "slots": 6,
                            "places": [{"room": "一号厅", "tables": 10}],
                        }
                    ],
                }
            ]
        }
    }

    code: str | None = Field(
        default=None, min_length=1, max_length=64, description="活动编号；缺省时自动编号"
    )
    name: str = Field(min_length=1, max_length=200, description="活动名称")
    kind: Held = Field(default=ActivityKind.FAIR, description="活动形式")
    area: str = Field(default="", max_length=100, description="片区，与年度计划一致")
    field: str = Field(default="", max_length=100, description="领域，与年度计划一致")
    region: Values = values_field("所涉地区（企业所在地）的代码或名称；空为不限", "420600", "襄阳市")
    segment: Values = values_field("所涉产业细分领域的代码或名称；空为不限", "HB01")
    host: str = Field(default="", max_length=300, description="主办单位")
    venue: str = Field(default="", max_length=300, description="地点")
    limits: LimitsInput = Field(default_factory=LimitsInput, description="编排规则与邀请上限")
    seed: int = Field(
        default=1, strict=True, ge=0, le=2**31 - 1, description="编排的随机种子；相同则结果相同"
    )
    note: str = Field(default="", max_length=2000, description="备注")
    sessions: Annotated[list[SessionInput], Field(max_length=MOST_SESSIONS)] = Field(
        default_factory=list, description="场次，按时间先后"
    )


def activity_of(session: Session, data: ActivityInput) -> ActivityUpdate:
    """The checked activity, with codes in place of names. Raises InvalidFields."""
    codes = codes_of(session, ClassConditions(region=data.region, segment=data.segment))
    values = data.model_dump(exclude={"region", "segment"})
    try:
        return ActivityUpdate(**values, regions=codes.get("region", []), segments=codes.get("segment", []))
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors())) from error


class StatusInput(Schema):
    """The status that an activity is to reach."""

    status: Reached = Field(description="进入的状态", examples=["邀约中"])
    reason: str = Field(default="", max_length=500, description="理由；退回、取消、重新开始时必填")


class AnswerInput(Schema):
    """The answer of a party."""

    answer: Answered = Field(description="答复", examples=["参加"])
    people: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=MOST_PEOPLE)
    ] = Field(default_factory=list, description="参会人员：姓名、职务", examples=[["张某 总工程师"]])
    sessions: Annotated[list[Slots], Field(max_length=MOST_SESSIONS)] = Field(
        default_factory=list, description="参加的场次序号；空为全部", examples=[[1]]
    )
    absent: Annotated[
        list[Annotated[str, Field(min_length=3, max_length=5)]], Field(max_length=MOST_WISHES)
    ] = Field(
        default_factory=list, description="不能参加的时段，如 1-3 为第 1 场第 3 时段", examples=[["1-3"]]
    )
    wished: Wishes = Field(default_factory=list, description="希望会谈的对方的邀请编号")
    barred: Wishes = Field(default_factory=list, description="不希望会谈的对方的邀请编号")
    most: Slots | None = Field(default=None, description="最多会谈场数；空为按活动的规则")
    note: str = Field(default="", max_length=1000, description="备注")

    def stated(self) -> AnswerStated:
        """The answer as the catalogue takes it."""
        return AnswerStated.model_validate(self.model_dump(include=set(AnswerStated.model_fields)))


class InvitationInput(AnswerInput):
    """A new invitation, with the answer where there is one already."""

    answer: Answered = Field(default=InvitationAnswer.PENDING, description="答复")
    role: Role = Field(description="参会身份", examples=["企业"])
    name: str = Field(
        default="", max_length=300, description="单位名称；给出编号时可省略", examples=["示例新能源有限公司"]
    )
    team: str = Field(default="", max_length=100, description="团队名称；一个专利权人来几支团队时填写")
    enterprise_id: StrictId | None = Field(default=None, description="企业编号")
    holder_id: StrictId | None = Field(default=None, description="专利权人编号")

    def created(self) -> InvitationCreate:
        """The invitation as the catalogue takes it."""
        return InvitationCreate.model_validate(self.model_dump())


class RecommendedInput(Schema):
    """The recommended parties to invite."""

    enterprise_ids: Annotated[list[StrictId], Field(max_length=1000)] | None = Field(
        default=None, description="企业编号；空为全部推荐的企业"
    )
    holder_ids: Annotated[list[StrictId], Field(max_length=1000)] | None = Field(
        default=None, description="专利权人编号；空为全部推荐的团队"
    )


class ComposeInput(Schema):
    """The way in which an activity is composed."""

    kind: Annotated[
        ScheduleKind,
        term(ScheduleKind),
        WithJsonSchema({"enum": ["composed", "统一编排", "replanned", "调整编排"]}),
    ] = Field(
        default=ScheduleKind.COMPOSED,
        description="统一编排：重新选定全部会谈；调整编排：未到场、变更之后以最少的变动更新",
        examples=["统一编排"],
    )
    quick: bool = Field(default=False, strict=True, description="只用快速方法，数秒内给出")
    seed: int | None = Field(
        default=None, strict=True, ge=0, le=2**31 - 1, description="随机种子；缺省为活动的种子"
    )
    seconds: int | None = Field(
        default=None, strict=True, ge=1, le=3600, description="用时上限（秒）；缺省为活动的规则"
    )
    from_session: Slots = Field(default=1, description="自第几场起可以变动；之前的会谈不变")
    from_slot: Slots = Field(default=1, description="自该场第几时段起可以变动")
    resumed: StrictId | None = Field(default=None, description="续排已停止、已中断的日程的编号")

    def wish(self) -> ComposeWish:
        """The wish as the composing work takes it. Raises InvalidFields."""
        if self.kind is ScheduleKind.BY_HAND:
            problem = FieldProblem(field="kind", value=self.kind.label, reason="应为统一编排或调整编排")
            raise InvalidFields([problem])
        return ComposeWish(
            kind=self.kind,
            quick=self.quick,
            seed=self.seed,
            seconds=self.seconds,
            since=Since(self.from_session, self.from_slot),
            resumed=self.resumed,
        )


class OutcomeInput(Schema):
    """The outcome of a meeting."""

    result: Result = Field(description="对接结果", examples=["有意向"])
    reason: Why = Field(default=None, description="无意向的原因（八类）")
    form: Form = Field(default=None, description="拟合作方式")
    amount_in_view: Yuan = Field(default=None, description="意向金额（元）", examples=[300000])
    people: str = Field(default="", max_length=500, description="参加人员")
    next_step: str = Field(default="", max_length=500, description="下一步工作")
    responsible: str = Field(default="", max_length=100, description="责任人")
    due: Day = Field(default=None, description="完成期限")
    note: str = Field(default="", max_length=1000, description="备注")


def outcome_of(data: OutcomeInput) -> OutcomeCreate:
    """The checked outcome. Raises InvalidFields."""
    try:
        return OutcomeCreate(**data.model_dump())
    except ValidationError as error:
        raise InvalidFields(field_problems(error.errors())) from error


class AttendanceInput(Schema):
    """Whether a party came."""

    came: bool = Field(strict=True, description="是否到场")


class MeetingStateInput(Schema):
    """The state of a meeting without an outcome."""

    state: Attended = Field(description="会谈状态：已举行、未到场、已取消", examples=["未到场"])


class FollowUpInput(Schema):
    """The findings of a follow-up."""

    finding: str = Field(min_length=1, max_length=1000, description="回访所得；不再回访的填写原因")
    state: FollowedUp = Field(default=FollowUpState.DONE, description="回访状态")


class PlanInput(Schema):
    """A line of the yearly plan."""

    year: int = Field(strict=True, ge=2000, le=2100, description="年度", examples=[2026])
    area: str = Field(min_length=1, max_length=100, description="片区", examples=["汉江片区"])
    field: str = Field(min_length=1, max_length=100, description="领域", examples=["光电子信息"])
    planned: int = Field(default=1, strict=True, ge=0, le=100, description="计划举办的次数")
    due_on: Day = Field(default=None, description="计划举办的日期")
    note: str = Field(default="", max_length=500, description="备注")

    def stated(self) -> PlanStated:
        """The line as the catalogue takes it."""
        return PlanStated.model_validate(self.model_dump())
