"""Imports every module that has tables, so that the metadata is complete (migrations, tests)."""

from catalog import (
    accounts,
    enterprises,
    generations,
    holders,
    imports,
    licences,
    needs,
    patents,
    segments,
)

__all__ = [
    "accounts",
    "enterprises",
    "generations",
    "holders",
    "imports",
    "licences",
    "needs",
    "patents",
    "segments",
]
