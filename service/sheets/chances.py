"""Likely licensees and a holder's chances as Excel lists."""

from collections.abc import Sequence
from decimal import Decimal

from matching.answers.results import Evidence
from matching.reverse.chances import Chance, ChancePage
from matching.reverse.licensee_parts import PARTS
from matching.reverse.licensee_results import Licensee, LicenseePage
from service.sheets.lists import DEMO, DORMANT, Listing, Value
from service.sheets.matches import factors_text

LICENSEE_COLUMNS = (
    ("名次", 6), ("企业名称", 36), ("得分", 10), *((f"其中{part.label}", max(10, 2 * len(part.label) + 4)) for part in PARTS),
    ("资质", 24), ("地区", 12), ("行业", 24), ("最相关的需求", 40), ("需求原文依据", 50), ("主要产品", 36),
    ("专利中最相近的一句", 50), ("行业依据", 36), ("最相近的自有专利", 40), ("企业编号", 10), ("备注", 10),
)  # fmt: skip
CHANCE_COLUMNS = (
    ("名次", 6), ("专利名称", 44), ("申请号", 18), ("第一专利权人", 12), ("得分", 10), ("其中相关度", 10), ("其中因素", 10),
    ("加分项与减分项", 44), ("相关度中全文语义", 14), ("相关度中最相近一句", 16), ("相关度中关键词", 12),
    ("需求名称", 36), ("需求编号", 18), ("企业", 30), ("需求原文依据", 50), ("开放许可判定", 16), ("判定理由", 40),
    ("沉睡", 10), ("潜力分", 8), ("最后有效日", 12), ("合并的其余机会", 10), ("备注", 10),
)  # fmt: skip


def licensees_list(found: LicenseePage, conditions: Sequence[str]) -> Listing:
    """The firms with the parts of their scores and what these rest on."""
    about = [
        f"专利：{found.patent_title}（编号 {found.patent_id}）",
        f"共 {found.total} 家，索引 {found.generation}，权重文件 {found.rules}",
        "；".join(f"{name} 权重 {weight}" for name, weight in found.weights.items()),
        *found.notices,
        *conditions,
    ]
    return Listing("可能的受让企业", LICENSEE_COLUMNS, map(_licensee, found.items), about)


def chances_list(found: ChancePage, conditions: Sequence[str]) -> Listing:
    """The pairs of patent and need with what they rest on."""
    about = [
        f"专利权人：{found.holder_name}，名下专利 {found.patents} 件，参加匹配 {found.matched} 件",
        f"共 {found.total} 对，索引 {found.generation}",
        *found.notices,
        *conditions,
    ]
    return Listing("最佳对接机会", CHANCE_COLUMNS, map(_chance, found.items), about)


def _amount(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")


def _licensee(item: Licensee) -> Sequence[Value]:
    firm, need, products, own = item.enterprise, item.need, item.products, item.own_patent
    amounts = dict(item.parts)
    return (
        item.rank, firm.name, _amount(item.score), *(_amount(amounts[part.code]) for part in PARTS), "；".join(firm.titles),
        firm.prefecture_name,
        firm.industry_name, need.need.title if need else None, _quoted(need.evidence) if need else None, firm.products,
        _quoted(products.patent_evidence) if products else None, item.industry.text if item.industry else None,
        f"{own.title}（{own.similarity:.3f}）" if own else None, firm.id, DEMO if firm.is_demo else None,
    )  # fmt: skip


def _chance(item: Chance) -> Sequence[Value]:
    patent, need, screening = item.patent, item.need, item.patent.screening
    deciding = item.eligibility.grounds[0].text if item.eligibility.grounds else None
    return (
        item.rank, patent.title, patent.application_number, "是" if item.first_holder else "否", _amount(item.score),
        _amount(item.relevance), _amount(item.score - item.relevance), factors_text(item.factors),
        _amount(item.scores.document), _amount(item.scores.sentence), _amount(item.scores.lexical), need.title, need.code,
        need.enterprise_name, _quoted(item.evidence), item.eligibility.verdict_name, deciding,
        DORMANT[screening.dormant] if screening else None, screening.potential if screening else None,
        patent.last_valid_day, item.more, DEMO if patent.is_demo or need.is_demo else None,
    )  # fmt: skip


def _quoted(evidence: Sequence[Evidence]) -> str:
    return " / ".join(one.sentence for one in evidence)
