"""Canary queries keep a generation that lost what everybody knows from being used."""

from pathlib import Path

import pytest

from catalog.kit.errors import InvalidInput
from catalog.kit.paging import ListQuery
from catalog.supply.patent_lists import PatentFilter, page
from matching.evaluation.canaries import FILE_NAME, CanaryMissed, check
from service.installation.runtime import Runtime


def write(folder: Path, text: str, expected: str, within: int = 3) -> Path:
    entry = f'[[canary]]\ntext = "{text}"\nexpected = "{expected}"\nwithin = {within}\n'
    (folder / FILE_NAME).write_text(entry, "utf-8")
    return folder


def test_what_is_found_passes_and_what_is_not_is_named(installation: Runtime, tmp_path: Path) -> None:
    generation = installation.matcher.generation()
    with installation.database.read() as session:
        rows = page(session, ListQuery(size=30), PatentFilter()).rows
    first, other = [row for row in rows if row.application_number][:2]
    parts = (installation.database, installation.encoder)
    check(*parts, tmp_path)(generation)  # no file, nothing asked
    check(*parts, write(tmp_path, first.title, first.application_number or ""))(generation)
    with pytest.raises(CanaryMissed, match=other.application_number or ""):
        check(*parts, write(tmp_path, first.title, other.application_number or "", 1))(generation)


def test_a_canary_that_nobody_knows_is_refused_before_the_build(
    installation: Runtime, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=r"209900000000\.0"):
        check(installation.database, installation.encoder, write(tmp_path, "水泵", "209900000000.0"))
    (tmp_path / FILE_NAME).write_text("[[canary]]\ntext = 3\n", "utf-8")
    with pytest.raises(InvalidInput, match=FILE_NAME):
        check(installation.database, installation.encoder, tmp_path)
