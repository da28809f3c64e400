"""Imports every module that has tables, so that the metadata is complete (migrations, tests)."""

from catalog import (
    accounts,
    enterprises,
    facts,
    generations,
    holder_merges,
    holders,
    import_changes,
    imports,
    licences,
    needs,
    night_matches,
    nightly_runs,
    patents,
    screenings,
    segments,
)

__all__ = [
    "accounts",
    "enterprises",
    "facts",
    "generations",
    "holder_merges",
    "holders",
    "import_changes",
    "imports",
    "licences",
    "needs",
    "night_matches",
    "nightly_runs",
    "patents",
    "screenings",
    "segments",
]
