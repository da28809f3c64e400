"""Results for likely licensees: models shared by REST, command line and sheets."""

from pydantic import BaseModel, Field

from catalog.demand.enterprises import EnterprisePublic
from catalog.demand.needs import NeedPublic
from matching.answers.results import BROKEN, Evidence, Scores
from matching.need.exclusions import BrokenExclusion
from matching.retrieval.confidence import Confidence


class LicenseeParts(BaseModel):
    """The parts of a score, each times its weight, which add up to it."""

    need: float = Field(description="最相关的征集中需求（已乘权重）")
    products: float = Field(description="主要产品（已乘权重）")
    industry: float = Field(description="行业相符（已乘权重）")
    own_patents: float = Field(description="自有专利（已乘权重）")


class NeedGround(BaseModel):
    """The open need of the firm that matches the patent best."""

    need: NeedPublic
    relevance: float
    middle: float = Field(description="全部征集中需求与本专利相关度的中位数；高出的部分计分")
    scores: Scores
    confidence: Confidence | None = Field(description="匹配程度；专利过少无从比较时为空")
    evidence: list[Evidence]
    exclusions_broken: list[BrokenExclusion] = Field(description=BROKEN)


class ProductGround(BaseModel):
    """The products of the firm, and what in them and in the patent agrees."""

    relevance: float
    middle: float = Field(description="全部企业产品与本专利相关度的中位数；高出的部分计分")
    scores: Scores
    evidence: list[Evidence] = Field(description="主要产品中与专利用词相符的文字")
    patent_evidence: list[Evidence] = Field(description="专利中与主要产品语义最相近的一句")


class IndustryGround(BaseModel):
    """The agreement of the firm's industry with the patent."""

    agreement: float
    text: str


class OwnPatentGround(BaseModel):
    """The firm's own patent that is nearest."""

    patent_id: int
    application_number: str | None
    title: str
    similarity: float


class Licensee(BaseModel):
    """A firm that may want the patent. A ground is null where the firm has nothing of the kind."""

    rank: int
    score: float
    parts: LicenseeParts
    enterprise: EnterprisePublic
    need: NeedGround | None
    products: ProductGround | None
    industry: IndustryGround | None
    own_patent: OwnPatentGround | None


class LicenseePage(BaseModel):
    """A page of likely licensees and what they rest on."""

    patent_id: int
    patent_title: str
    generation: str
    model: str
    rules: str = Field(description="权重文件的版本")
    weights: dict[str, float]
    notices: list[str]
    total: int
    page: int
    size: int
    items: list[Licensee]
