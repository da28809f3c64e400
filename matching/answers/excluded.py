"""Broken exclusions (与排除要求不符) of matches: shown in the row, and not covered where points are held against a patent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from catalog.demand.needs import NeedPublic, full_text
from matching.answers.evidence import text_fields
from matching.answers.results import NeedMatch, PatentMatch
from matching.need.exclusions import BrokenExclusion, broken, exclusions, load


def patents_with_breaches(
    items: Sequence[PatentMatch], text: str, data_dir: Path | None = None
) -> list[PatentMatch]:
    """The patents for the need written as `text`, each with what it has that the need excludes."""
    rules = load(data_dir)
    excluded = exclusions(text, rules)
    return [
        item.model_copy(update={"exclusions_broken": breaches}) if breaches else item
        for item in items
        for breaches in [broken(excluded, text_fields(item.patent), rules)]
    ]


def needs_with_breaches(
    items: Sequence[NeedMatch], patent: Mapping[str, str], data_dir: Path | None = None
) -> list[NeedMatch]:
    """The needs for a patent with these texts, each with what it excludes and the patent has."""
    return [
        item.model_copy(update={"exclusions_broken": breaches}) if breaches else item
        for item in items
        for breaches in [of_pair(item.need, patent, data_dir)]
    ]


def of_pair(
    need: NeedPublic, patent: Mapping[str, str], data_dir: Path | None = None
) -> list[BrokenExclusion]:
    """The exclusions of a need that a patent with these texts breaks."""
    rules = load(data_dir)
    return broken(exclusions(full_text(need.title, need.text), rules), patent, rules)
