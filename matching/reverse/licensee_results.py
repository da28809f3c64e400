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

    need: NeedPublic = Field(description="与专利最相近的征集中的需求")
    relevance: float = Field(description="相关度")
    middle: float = Field(description="全部征集中需求与本专利相关度的中位数；高出的部分计分")
    scores: Scores = Field(description="相关度的组成")
    confidence: Confidence | None = Field(description="匹配程度；专利过少无从比较时为空")
    evidence: list[Evidence] = Field(description="所依据的原文")
    exclusions_broken: list[BrokenExclusion] = Field(description=BROKEN)


class ProductGround(BaseModel):
    """The products of the firm, and what in them and in the patent agrees."""

    relevance: float = Field(description="相关度")
    middle: float = Field(description="全部企业产品与本专利相关度的中位数；高出的部分计分")
    scores: Scores = Field(description="相关度的组成")
    evidence: list[Evidence] = Field(description="主要产品中与专利用词相符的文字")
    patent_evidence: list[Evidence] = Field(description="专利中与主要产品语义最相近的一句")


class IndustryGround(BaseModel):
    """The agreement of the firm's industry with the patent."""

    agreement: float = Field(description="行业相符的程度，0 至 1")
    text: str = Field(description="行业相符的说明")


class OwnPatentGround(BaseModel):
    """The firm's own patent that is nearest."""

    patent_id: int = Field(description="专利的编号")
    application_number: str | None = Field(description="申请号；草稿为空")
    title: str = Field(description="专利名称")
    similarity: float = Field(description="相似度，0 至 1")


class Licensee(BaseModel):
    """A firm that may want the patent. A ground is null where the firm has nothing of the kind."""

    rank: int = Field(description="名次")
    score: float = Field(description="得分，排序所依")
    parts: LicenseeParts = Field(description="得分的组成")
    enterprise: EnterprisePublic = Field(description="企业")
    need: NeedGround | None = Field(description="由需求得出的依据；没有为空")
    products: ProductGround | None = Field(description="由主营产品得出的依据；没有为空")
    industry: IndustryGround | None = Field(description="由行业得出的依据；没有为空")
    own_patent: OwnPatentGround | None = Field(description="由企业自有专利得出的依据；没有为空")


class LicenseePage(BaseModel):
    """A page of likely licensees and what they rest on."""

    patent_id: int = Field(description="专利的编号")
    patent_title: str = Field(description="专利名称")
    generation: str = Field(description="所用的索引版本")
    model: str = Field(description="所用的语义模型")
    rules: str = Field(description="权重文件的版本")
    weights: dict[str, float] = Field(description="各项依据的权重")
    notices: list[str] = Field(description="提示")
    total: int = Field(description="符合条件的全部条数")
    page: int = Field(description="第几页，从 1 起")
    size: int = Field(description="每页条数")
    items: list[Licensee] = Field(description="这一页的内容")
