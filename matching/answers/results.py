"""Results of a match request: models shared by REST, command line and search page."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from assessment.eligibility.gate import JudgedEligibility
from catalog.demand.needs import NeedPublic
from catalog.licences.shown import LicencePublic
from catalog.supply.patents_shown import PatentPublic
from matching.need.completion import NeedReading
from matching.need.coverage import PatentCoverage
from matching.need.exclusions import BrokenExclusion
from matching.ranking.families import FamilyMember
from matching.ranking.pair_factors import FactorAmount
from matching.retrieval.confidence import Confidence

NOTHING_SUITABLE = "未检索到匹配程度较高的专利，以下结果仅供参考。建议补充技术指标、更换表述或放宽筛选条件。"
NO_CONTENT = "请填写技术需求，写明产品、问题和技术指标。只有字母、数字、标点或常用词的，无法匹配。"
NO_NEED_SUITABLE = "未检索到匹配程度较高的需求，以下结果仅供参考。"


BROKEN = "需求明确排除而专利含有的物质或工艺，附专利原句"


class Scores(BaseModel):
    """The parts of relevance, each times its weight, which add up to it; a rank is null below the leg's depth."""

    document: float = Field(description="与专利全文的语义相似度（已乘权重）")
    sentence: float = Field(description="与专利最相近一句的语义相似度（已乘权重）")
    lexical: float = Field(description="关键词匹配（已乘权重）")
    bm25: float = Field(description="关键词匹配的原始得分（BM25），不直接计入总分")
    dense_rank: int | None = Field(description="语义检索名次")
    lexical_rank: int | None = Field(description="关键词检索名次")


class SegmentRef(BaseModel):
    """A segment of a hit and on what it rests."""

    code: str = Field(description="产业细分领域的代码")
    name: str = Field(description="产业细分领域的名称")
    basis: str = Field(description="official=登记, industry=由登记行业推断, ipc=由 IPC 推断, text=由文本推断")
    basis_name: str = Field(description="归入依据的中文名称")


class Evidence(BaseModel):
    """A sentence quoted verbatim from a field of the hit, at [start, end) of that field."""

    sentence: str = Field(description="原文的句子，一字不改")
    basis: str = Field(description="meaning=语义最相近的一句, words=用词最相符的句子")
    score: float = Field(description="语义相似度或用词相符程度")
    field: str = Field(description="句子所在的字段：title、abstract、first_claim、text 等")
    start: int = Field(description="句子在该字段中的起始位置（字符，从 0 起）")
    end: int = Field(description="句子在该字段中的结束位置（不含）")


class SegmentCount(BaseModel):
    """The number of items that belong to a segment."""

    code: str = Field(description="产业细分领域的代码")
    name: str = Field(description="产业细分领域的名称")
    count: int = Field(description="结果中属于该领域的条数")


class PatentMatch(BaseModel):
    """A patent that matches the query."""

    rank: int = Field(description="名次")
    score: float = Field(description="得分，排序所依：相关度与各因素分值之和")
    relevance: float = Field(description="相关度：scores 中 document、sentence、lexical 之和")
    scores: Scores = Field(description="相关度的组成")
    factors: list[FactorAmount] = Field(description="使得分高于或低于相关度的因素；请求不计因素时为空")
    confidence: Confidence | None = Field(description="匹配程度；专利过少无从比较时为空")
    patent: PatentPublic = Field(description="专利")
    segments: list[SegmentRef] = Field(description="专利所属的产业细分领域及其依据")
    licence: LicencePublic | None = Field(description="开放许可声明；没有为空")
    eligibility: JudgedEligibility = Field(description="当日能否开放许可，附理由、条款与待办")
    evidence: list[Evidence] = Field(description="所依据的原文")
    exclusions_broken: list[BrokenExclusion] = Field(default_factory=list, description=BROKEN)
    coverage: PatentCoverage | None = Field(
        default=None, description="需求各要点与本专利的对照；请求 elements 时给出"
    )
    family: list[FamilyMember] = Field(
        default_factory=list, description="与本件合并显示的同一专利权人的近似专利，得分高的在前，不另占名次"
    )


class NeedMatch(BaseModel):
    """A need that matches a patent."""

    rank: int = Field(description="名次")
    score: float = Field(description="得分，排序所依：相关度与各因素分值之和")
    relevance: float = Field(description="相关度：scores 中 document、sentence、lexical 之和")
    scores: Scores = Field(description="相关度的组成")
    factors: list[FactorAmount] = Field(description="使得分高于或低于相关度的因素；请求不计因素时为空")
    confidence: Confidence | None = Field(description="匹配程度；专利过少无从比较时为空")
    need: NeedPublic = Field(description="技术需求")
    segments: list[SegmentRef] = Field(description="需求所属的产业细分领域及其依据")
    evidence: list[Evidence] = Field(description="所依据的原文")
    exclusions_broken: list[BrokenExclusion] = Field(default_factory=list, description=BROKEN)


MatchT = TypeVar("MatchT", PatentMatch, NeedMatch)


class MatchResponse(BaseModel, Generic[MatchT]):
    """Ranked matches with everything they rest on: index generation, model and segment catalogue."""

    generation: str = Field(description="所用的索引版本")
    model: str = Field(description="所用的语义模型")
    segment_catalogue: str = Field(description="所用产业目录的版本")
    notices: list[str] = Field(default_factory=list, description="提示：如产业目录已更换而索引尚未重建")
    took_ms: float = Field(description="用时（毫秒）")
    need: NeedReading | None = Field(default=None, description="对需求的理解；请求 elements 时给出")
    suitable: bool = Field(default=True, description="为 false 时没有匹配程度为高、中的结果，所列仅供参考")
    items: list[MatchT] = Field(description="结果，最好的在前")
    by_segment: list[SegmentCount] = Field(description="按产业细分领域统计的结果条数")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """`PatentMatchResponse`: generated clients name their classes so."""
        return f"{params[0].__name__}Response"
