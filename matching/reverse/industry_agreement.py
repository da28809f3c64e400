"""Agreement of a firm's industry with those of a patent (行业相符): by level of GB/T 4754, or by a common segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.kit.base import ClassRef
from catalog.reference import lists as reference
from matching.reverse.licensee_rules import Agreement

LEVELS = {4: "小类", 3: "中类", 2: "大类"}


@dataclass(frozen=True, slots=True)
class IndustryAgreement:
    """The agreement of an industry, from 0 to 1, with its ground."""

    measure: float
    text: str


class PatentIndustries:
    """The industries and segments of a patent, against which the industries of firms are held."""

    def __init__(
        self,
        classes: Sequence[ClassRef],
        prefixes: Mapping[str, Sequence[str]],
        names: Mapping[str, str],
        rule: Agreement,
    ) -> None:
        """`prefixes` and `names` are the industries and the name of each segment of the catalogue in use."""
        self._industries = _shares(classes, "industry")
        self._segments = _shares(classes, "segment")
        self._prefixes, self._names, self._rule = prefixes, names, rule

    def agreement(self, industry: str | None) -> IndustryAgreement | None:
        """The best agreement of an industry with the patent; None where there is none."""
        if not industry:
            return None
        found = [*self._by_level(industry), *self._by_segment(industry)]
        best = max(found, key=lambda agreed: agreed.measure, default=None)
        return best if best is not None and best.measure > 0 else None

    def _by_level(self, industry: str) -> list[IndustryAgreement]:
        rule = {4: self._rule.class_, 3: self._rule.group, 2: self._rule.division}
        found = []
        for code, share in self._industries.items():
            # A patent's industry may stop at a group, with no code below it.
            same = next(
                (n for n in LEVELS if len(code) >= n <= len(industry) and code[:n] == industry[:n]), None
            )
            if same is not None:
                text = f"与专利的行业同属{LEVELS[same]} {_named(code[:same])}"
                found.append(IndustryAgreement(rule[same] * share, text))
        return found

    def _by_segment(self, industry: str) -> list[IndustryAgreement]:
        return [
            IndustryAgreement(
                self._rule.segment * share,
                f"属于专利所在的产业细分领域 {code} {self._names.get(code, '')}".rstrip(),
            )
            for code, share in self._segments.items()
            if industry.startswith(tuple(self._prefixes.get(code, ())) or ("-",))
        ]


def _shares(classes: Sequence[ClassRef], scheme: str) -> dict[str, float]:
    """The classes of a scheme with their weights, the heaviest as 1."""
    weights = {ref.code: ref.weight for ref in classes if ref.scheme == scheme}
    most = max(weights.values(), default=0.0)
    return {code: weight / most for code, weight in weights.items()} if most > 0 else {}


def _named(code: str) -> str:
    known = reference.industries().get(code)
    return f"{code} {known.name}" if known else code
