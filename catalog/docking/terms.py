"""The closed sets of values of docking activities with their Chinese terms."""

from catalog.kit.terms import Term


class ActivityKind(Term):
    """Kinds of activity (活动形式)."""

    FAIR = "fair", "对接会"
    ROADSHOW = "roadshow", "路演"
    VISIT = "visit", "入园惠企"
    ONLINE = "online", "线上对接"


class ActivityStatus(Term):
    """The status of an activity (活动状态)."""

    DRAFT = "draft", "筹备"
    INVITING = "inviting", "邀约中"
    COMPOSED = "composed", "已编排"
    PUBLISHED = "published", "已发布"
    RUNNING = "running", "进行中"
    CLOSED = "closed", "已结束"
    CANCELLED = "cancelled", "已取消"


class PartyRole(Term):
    """The role of a party (参会身份)."""

    FIRM = "firm", "企业"
    TEAM = "team", "专利权人团队"
    EXPERT = "expert", "专家"
    BANK = "bank", "金融机构"


class InvitationAnswer(Term):
    """The answer of a party to its invitation (答复)."""

    PENDING = "pending", "未答复"
    COMING = "coming", "参加"
    DECLINED = "declined", "不参加"


class MeetingState(Term):
    """The state of a meeting (会谈状态); a moved one is still to come, at another time than published."""

    PLANNED = "planned", "已安排"
    MOVED = "moved", "已改期"
    HELD = "held", "已举行"
    NO_SHOW = "no_show", "未到场"
    CANCELLED = "cancelled", "已取消"

    @property
    def is_to_come(self) -> bool:
        """Whether the meeting is still to be held."""
        return self in (MeetingState.PLANNED, MeetingState.MOVED)


class ScheduleState(Term):
    """The state of the work on a schedule (编排状态)."""

    WAITING = "waiting", "等待"
    RUNNING = "running", "编排中"
    FINISHED = "finished", "已完成"
    CANCELLED = "cancelled", "已停止"
    FAILED = "failed", "未完成"
    INTERRUPTED = "interrupted", "已中断"

    @property
    def is_open(self) -> bool:
        """Whether the work goes on."""
        return self in (ScheduleState.WAITING, ScheduleState.RUNNING)


class ScheduleKind(Term):
    """The way in which a schedule was made (编排方式)."""

    COMPOSED = "composed", "统一编排"
    REPLANNED = "replanned", "调整编排"
    BY_HAND = "by_hand", "手工调整"


class OutcomeResult(Term):
    """The result of a meeting (对接结果)."""

    INTERESTED = "interested", "有意向"
    CONTINUING = "continuing", "继续洽谈"
    SIGNING = "signing", "签约意向"
    NONE = "none", "无意向"

    @property
    def is_intention(self) -> bool:
        """Whether it counts as an intention (意向); a contract is counted by its deal alone."""
        return self in (OutcomeResult.INTERESTED, OutcomeResult.SIGNING)


class OutcomeForm(Term):
    """The form of cooperation that is wished (拟合作方式)."""

    TRANSFER = "transfer", "转让"
    LICENCE = "licence", "许可"
    OPEN_LICENCE = "open_licence", "开放许可"
    EQUITY = "equity", "作价入股"
    JOINT = "joint", "合作开发"


class FollowUpState(Term):
    """The state of a follow-up (回访状态)."""

    DUE = "due", "待回访"
    DONE = "done", "已回访"
    DROPPED = "dropped", "不再回访"


class ActivityAction(Term):
    """The kind of a change to an activity (活动变动)."""

    CREATED = "created", "登记"
    CHANGED = "changed", "更正"
    INVITED = "invited", "登记邀请"
    ANSWERED = "answered", "登记答复"
    UNINVITED = "uninvited", "取消邀请"
    STATUS = "status", "改变状态"
    COMPOSED = "composed", "编排日程"
    MOVED = "moved", "调整会谈"
    LOCKED = "locked", "锁定会谈"
    UNLOCKED = "unlocked", "解除锁定"
    PUBLISHED = "published", "发布日程"
    ATTENDED = "attended", "登记到场情况"
    OUTCOME = "outcome", "登记对接结果"
    FOLLOWED_UP = "followed_up", "登记回访"
    DEAL = "deal", "登记交易"
