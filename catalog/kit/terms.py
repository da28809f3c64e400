"""The closed sets of values of the catalogue with their Chinese terms, one table a set."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Term(StrEnum):
    """A value stored in English with the Chinese `label` that users see."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        """Build a member from its stored value and its Chinese label."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def parse(cls, text: str) -> Self:
        """Find a member by stored value or Chinese label. Raises ValueError naming all allowed ones."""
        wanted = text.strip()
        for member in cls:
            if wanted in (member.value, member.label):
                return member
        raise ValueError(f"“{wanted}”不是可用的取值，可用：{cls.explained()}")

    @classmethod
    def explained(cls) -> str:
        """All values, each with its Chinese label."""
        return "、".join(f"{member.value}（{member.label}）" for member in cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The set as the interface describes it: in Chinese, where the docstring is for developers."""
        schema = handler(core)
        handler.resolve_ref_schema(schema)["description"] = f"取值：{cls.explained()}"
        return schema


class PatentKind(Term):
    """Kinds of patent (专利类型)."""

    INVENTION = "invention", "发明"
    UTILITY_MODEL = "utility_model", "实用新型"
    DESIGN = "design", "外观设计"


class HolderKind(Term):
    """Kinds of holder (专利权人类型)."""

    UNIVERSITY = "university", "高校"
    INSTITUTE = "institute", "科研院所"
    HOSPITAL = "hospital", "医疗机构"
    STATE_OWNED = "state_owned", "国企"
    COMPANY = "company", "企业"
    PERSON = "person", "个人"
    UNKNOWN = "unknown", "未识别"


class LegalStatus(Term):
    """Legal status (法律状态) as the register states it; what follows from dates is computed."""

    PENDING = "pending", "审中"
    IN_FORCE = "in_force", "有效"
    GRACE = "grace", "欠费宽限期"
    TERMINATED = "terminated", "终止"
    EXPIRED = "expired", "期限届满"
    ABANDONED = "abandoned", "放弃"
    INVALIDATED = "invalidated", "全部无效"
    PARTLY_INVALID = "partly_invalid", "部分无效"
    REJECTED = "rejected", "驳回"
    WITHDRAWN = "withdrawn", "撤回"
    SUSPENDED = "suspended", "中止或保全"
    PLEDGED = "pledged", "质押"
    UNKNOWN = "unknown", "未知"


class StatusBasis(Term):
    """The basis of a computed legal status (状态依据)."""

    REGISTER = "register", "登记"
    COMPUTED = "computed", "按日期推算"
    PRESUMED = "presumed", "推定（缴费情况未登记）"
    NONE = "none", "资料不足"


class Band(Term):
    """The degree to which a patent matches a need (匹配程度), the best first; a pair of the last band is no match."""

    HIGH = "high", "高"
    MEDIUM = "medium", "中"
    LOW = "low", "低"

    @property
    def is_match(self) -> bool:
        """Whether a pair of this band counts as a match."""
        return self is not Band.LOW

    def is_at_least(self, other: Band) -> bool:
        """Whether this band is as good as the other one or better."""
        order = list(Band)
        return order.index(self) <= order.index(other)


class NeedStatus(Term):
    """Whether a need (技术需求) is open. EXPIRED is never stored: it is what an open one shows after its last day."""

    OPEN = "open", "征集中"
    EXPIRED = "expired", "已截止"
    MATCHED = "matched", "已对接"
    CLOSED = "closed", "已关闭"


class Cooperation(Term):
    """Forms of cooperation that an enterprise seeks (合作方式)."""

    ANY = "any", "不限"
    LICENCE = "licence", "许可"
    TRANSFER = "transfer", "转让"
    JOINT = "joint", "合作开发"
    EQUITY = "equity", "作价入股"


class PaymentForm(Term):
    """Forms of payment of an open licence (许可使用费支付方式)."""

    FREE = "free", "免费"
    LUMP_SUM = "lump_sum", "一次总付"
    INSTALMENTS = "instalments", "分期支付"
    ROYALTY = "royalty", "提成"
    ENTRY_AND_ROYALTY = "entry_and_royalty", "入门费加提成"
    USE_FIRST = "use_first", "先使用后付费"
    ANNUAL = "annual", "按年支付"
    OTHER = "other", "另行约定"


class RoyaltyBase(Term):
    """The base of which a royalty is a share."""

    NET_SALES = "net_sales", "净销售额"
    PROFIT = "profit", "利润额"


class LicenceStatus(Term):
    """The status of an open-licence declaration (开放许可声明)."""

    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已公告"
    CHANGED = "changed", "已变更"
    WITHDRAWN = "withdrawn", "已撤回"
    EXPIRED = "expired", "已届满"


class FactKind(Term):
    """Kinds of recorded facts of a patent (专利运用与评价记录)."""

    IMPLEMENTATION = "implementation", "实施"
    LICENCE = "licence", "许可"
    TRANSFER = "transfer", "转让"
    EQUITY = "equity", "作价入股"
    PLEDGE = "pledge", "质押"
    PRODUCT_FILING = "product_filing", "专利产品备案"
    SUSPENSION = "suspension", "中止或保全"
    HINDRANCE = "hindrance", "其他妨碍开放许可的情形"
    EVALUATION_REPORT = "evaluation_report", "专利权评价报告"
    NO_RECORD = "no_record", "核查无记录"
    CLAIMS = "claims", "权利要求项数"
    CITATIONS = "citations", "被引证次数"
    FAMILY = "family", "同族专利件数"
    SELF_RATING = "self_rating", "产业化前景自评"
    DISPOSITION = "disposition", "处置意见"


class LicenceType(Term):
    """Types of licence (许可方式)."""

    ORDINARY = "ordinary", "普通"
    SOLE = "sole", "排他"
    EXCLUSIVE = "exclusive", "独占"
    OPEN = "open", "开放"


class PledgeConsent(Term):
    """Whether the pledgee agrees to an open licence (质权人同意)."""

    GIVEN = "given", "质权人已同意"
    NOT_GIVEN = "not_given", "质权人未同意"


class OwnerConsent(Term):
    """Whether a patentee agrees to an open licence (专利权人同意)."""

    GIVEN = "given", "已同意"
    NOT_GIVEN = "not_given", "不同意"
    UNKNOWN = "unknown", "未知"


class DeclarationAction(Term):
    """The kind of a change to a declaration (声明变动)."""

    CREATED = "created", "登记"
    EDITED = "edited", "变更"
    PUBLISHED = "published", "公告"
    WITHDRAWN = "withdrawn", "撤回"
    EXPIRED = "expired", "届满"
    UNDONE = "undone", "撤销导入"


class Conclusion(Term):
    """The conclusion of an evaluation report (专利权评价报告结论)."""

    GRANTABLE = "grantable", "未发现不符合授予条件"
    NOT_GRANTABLE = "not_grantable", "不符合授予条件"


class Prospect(Term):
    """The holder's own view of a patent's industrial prospect (产业化前景)."""

    HIGH = "high", "高"
    MEDIUM = "medium", "中"
    LOW = "low", "低"


class Disposition(Term):
    """The holder's intention for a patent (处置意见)."""

    KEEP = "keep", "维持"
    TRANSFER = "transfer", "转让"
    LICENCE = "licence", "许可"
    ABANDON = "abandon", "放弃"


class DealKind(Term):
    """Kinds of deals (交易种类)."""

    TRANSFER = "transfer", "转让"
    LICENCE = "licence", "许可"
    EQUITY = "equity", "作价入股"
    PLEDGE = "pledge", "质押"


class DealStatus(Term):
    """Whether a recorded deal stands."""

    VALID = "valid", "有效"
    ENDED = "ended", "已解除"
    VOID = "void", "登记作废"


class StateLevel(Term):
    """Level of government that owns a state-owned firm (国有企业层级)."""

    CENTRAL = "central", "中央"
    PROVINCIAL = "provincial", "省级"
    MUNICIPAL = "municipal", "市级"


class PartySide(Term):
    """Side of a party to a deal."""

    GIVER = "giver", "出让方"
    TAKER = "taker", "受让方"


class EvidenceKind(Term):
    """Kinds of evidence of a deal (证明材料)."""

    CONTRACT = "contract", "合同"
    INVOICE = "invoice", "发票"
    VOUCHER = "voucher", "收付款凭证"
    BANK_TRANSFER = "bank_transfer", "转账记录"
    FILING = "filing", "备案证明"
    OTHER = "other", "其他"


class DealAction(Term):
    """Actions on a deal."""

    CREATED = "created", "登记"
    CHANGED = "changed", "更正"
    FILED = "filed", "备案"
    RECEIVED = "received", "到账"
    RECEIPT_REMOVED = "receipt_removed", "删除到账记录"
    EVIDENCE_ADDED = "evidence_added", "上传证明材料"
    EVIDENCE_REMOVED = "evidence_removed", "移除证明材料"
    ENDED = "ended", "解除"
    VOIDED = "voided", "作废"


class PipelineStage(Term):
    """Stages on the way from a match to a deal (对接阶段)."""

    PUSHED = "pushed", "推送"
    READ = "read", "已读"
    INTERESTED = "interested", "有意向"
    NEGOTIATING = "negotiating", "洽谈"
    SIGNED = "signed", "签约"
    FILED = "filed", "备案"
    RECEIVED = "received", "到账"
    ENDED = "ended", "终止"


class FeedbackVerdict(Term):
    """The verdict of an enterprise on a match (匹配反馈)."""

    SUITABLE = "suitable", "合适"
    UNSUITABLE = "unsuitable", "不合适"


class FeedbackReason(Term):
    """The reason why a match does not suit (不合适的原因，八类)."""

    IMMATURE = "immature", "技术不成熟"
    NO_ADVANTAGE = "no_advantage", "优势不明"
    PRICE = "price", "价格"
    HAS_SOLUTION = "has_solution", "已有方案"
    OTHER_FIELD = "other_field", "领域不符"
    RIGHTS = "rights", "权属或法律问题"
    MORE_DEVELOPMENT = "more_development", "需要二次开发"
    OTHER = "other", "其他"


class ConflictStatus(Term):
    """The status of a conflict under a number (冲突的处理)."""

    PENDING = "pending", "待定"
    REPLACED = "replaced", "采用新记录"
    KEPT = "kept", "保留原记录"


class RecordAction(Term):
    """The ends and returns of whole records (删除、恢复与合并)."""

    DELETED = "deleted", "删除"
    MERGED = "merged", "合并"
    RESTORED = "restored", "恢复"
    UNDONE = "undone", "撤销导入"


class DeliveryState(Term):
    """The progress of an event on its way to a receiver (推送情况)."""

    WAITING = "waiting", "待发送"
    DELIVERED = "delivered", "已送达"
    FAILED = "failed", "失败"
    GIVEN_UP = "given_up", "已放弃"


class Decision(Term):
    """The decision on a conflict under a number (对冲突的决定)."""

    REPLACE = "replace", "采用新记录"
    KEEP = "keep", "保留原记录"
