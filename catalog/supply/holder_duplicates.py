"""Holders that may be one and the same under several spellings (疑似同一专利权人), offered with the reason, never merged here.

The rules, strongest first: the same but for punctuation and brackets; companies that differ in their legal form only; former
names of universities and names with a campus; institutions whose names differ by one character or two neighbouring characters
swapped. Of the last, names are left out that differ in a number, a direction or a place, and two listed universities: those are
different institutions; and of a slip of the pen the wrong name is the rare one.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations

import numpy as np

from catalog.kit.base import fold, plain
from catalog.kit.terms import HolderKind
from catalog.reference import lists as reference
from catalog.supply.holder_merges import Spelling

SHORTEST = 6
LARGEST_GROUP = 300
RARER = 3

_FORMS = re.compile(r"(?:股份有限|有限责任|责任有限|有限|股份)?公司$")
_CAMPUS = re.compile(r"\([^()]*\)$|[\u4e00-\u9fff]{2,4}(?:校区|分校|校本部)$")
_DISTINCT = frozenset("0123456789零〇一二三四五六七八九十百两甲乙丙丁戊东西南北中上下前后新老大小")
_ENDINGS_OF_REGIONS = re.compile(
    r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|地区|林区|省|市|盟|州|县)$"
)


@dataclass(frozen=True, slots=True)
class DuplicateHolders:
    """Two holders that may be one: which to keep (the one with more patents), which to merge, and why."""

    keep: Spelling
    other: Spelling
    reason: str


def find(holders: Iterable[Spelling]) -> list[DuplicateHolders]:
    """Pairs of holders that may be one, those with the most patents first; each pair with its strongest reason."""
    known = list(holders)
    found: dict[tuple[int, int], DuplicateHolders] = {}
    for key, explain in _RULES:
        for one, other in _sharing(known, key):
            _offer(found, one, other, explain(one, other))
    for one, other, reason in _near(known):
        _offer(found, one, other, reason)
    return sorted(found.values(), key=lambda c: (-c.keep.patents - c.other.patents, c.keep.id, c.other.id))


def _offer(
    found: dict[tuple[int, int], DuplicateHolders], one: Spelling, other: Spelling, reason: str
) -> None:
    keep, merged = sorted((one, other), key=lambda holder: (-holder.patents, holder.id))
    found.setdefault((keep.id, merged.id), DuplicateHolders(keep, merged, reason))


def _sharing(
    known: Sequence[Spelling], key: Callable[[str], str | None]
) -> Iterator[tuple[Spelling, Spelling]]:
    """Pairs with the same key: every holder of a group with the one that has the most patents."""
    groups: dict[str, list[Spelling]] = defaultdict(list)
    for holder in known:
        value = key(holder.name)
        if value:
            groups[value].append(holder)
    for group in groups.values():
        first = min(group, key=lambda holder: (-holder.patents, holder.id))
        yield from ((first, holder) for holder in group if holder is not first)


def _without_form(name: str) -> str | None:
    core, forms = _FORMS.subn("", plain(name))
    return core if forms and core else None


@cache
def _universities() -> dict[str, str]:
    return {fold(name): name for name in reference.universities()}


@cache
def _renames() -> dict[str, str]:
    return {fold(old): fold(new) for old, new in reference.university_renames().items()}


def _university(name: str) -> str | None:
    """The listed university that a name with a campus or a former name refers to."""
    folded = fold(name)
    base = _CAMPUS.sub("", folded)
    if base in _universities() or base in _renames():
        folded = base
    folded = _renames().get(folded, folded)
    return folded if folded in _universities() else None


def _form_reason(one: Spelling, other: Spelling) -> str:
    if ("股份" in one.name) != ("股份" in other.name):
        return "名称相同，公司形式不同（可能是改制前后）"
    return "名称相同，只是“有限责任公司”与“有限公司”等写法不同"


def _university_reason(one: Spelling, other: Spelling) -> str:
    for holder in (one, other):
        base = _CAMPUS.sub("", fold(holder.name))
        if base in _renames():
            return f"高校更名或合并：“{holder.name}”现为“{_universities()[_renames()[base]]}”（更名表待核对）"
    return "同一高校，名称带校区"


_RULES: tuple[tuple[Callable[[str], str | None], Callable[[Spelling, Spelling], str]], ...] = (
    (plain, lambda _one, _other: "名称相同，只是标点或括号写法不同"),
    (_without_form, _form_reason),
    (_university, _university_reason),
)


def _near(known: Sequence[Spelling]) -> Iterator[tuple[Spelling, Spelling, str]]:
    """Pairs of institutions whose names are one edit apart, by the names that are left when one character is dropped."""
    wanted = [h for h in known if h.kind is not HolderKind.PERSON and len(plain(h.name)) >= SHORTEST]
    names = [plain(holder.name) for holder in wanted]
    seen: set[tuple[int, int]] = set()
    for group in _groups(names):
        for one, other in combinations(group, 2):
            counts = sorted((wanted[one].patents, wanted[other].patents))
            if (one, other) in seen or counts[0] * RARER > counts[1]:
                continue
            seen.add((one, other))
            edit = one_edit(names[one], names[other])
            if edit and not _different(wanted[one].name, wanted[other].name, edit):
                yield wanted[one], wanted[other], _edit_reason(edit)


def _groups(names: Sequence[str]) -> Iterator[list[int]]:
    """Places of names that share what is left of them without one character, or one of which is that."""
    hashes, owners = array("q"), array("l")
    for place, name in enumerate(names):
        left = {hash(name[:i] + name[i + 1 :]) for i in range(len(name))} | {hash(name)}
        hashes.extend(left)
        owners.extend([place] * len(left))
    keys, places = np.frombuffer(hashes, np.int64), np.frombuffer(owners, np.int64)
    order = np.argsort(keys, kind="stable")
    bounds = np.flatnonzero(np.diff(keys[order])) + 1
    starts = np.concatenate(([0], bounds)) if len(order) else bounds
    sizes = np.diff(np.concatenate((starts, [len(order)])))
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        if size <= LARGEST_GROUP:
            yield sorted(places[order[start : start + size]].tolist())


def one_edit(one: str, other: str) -> tuple[str, str] | None:
    """The characters in which two names differ by one edit or one swap of neighbours, None where they differ by more.

    >>> one_edit("华星光电", "华兴光电"), one_edit("华星光电", "华星光电子"), one_edit("华星", "星华")
    (('星', '兴'), ('', '子'), ('华星', '星华'))
    """
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    swapped = len(left) == 2 and left == right[::-1]
    return (left, right) if swapped or (left != right and max(len(left), len(right)) == 1) else None


def _different(one: str, other: str, edit: tuple[str, str]) -> bool:
    """Whether the difference distinguishes two institutions: another number, direction, place or listed university."""
    if fold(one) in _universities() and fold(other) in _universities():
        return True
    return bool(set("".join(edit)) & _DISTINCT) or _places(one) != _places(other)


@cache
def _regions() -> frozenset[str]:
    short = {_ENDINGS_OF_REGIONS.sub("", region.name) for region in reference.regions().values()}
    return frozenset(name for name in short if len(name) > 1)


@lru_cache(maxsize=65_536)
def _places(name: str) -> set[str]:
    return {region for region in _regions() if region in name}


def _edit_reason(edit: tuple[str, str]) -> str:
    one, other = edit
    if len(one) == len(other) == 2:
        return f"只有相邻两字次序不同：{one}／{other}"
    return f"只差一个字：{one}／{other}" if one and other else f"只多一个字：{one or other}"
