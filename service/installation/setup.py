"""Sets an installation up (初始化): schema of the database and the shipped segment catalogue."""

from __future__ import annotations

from datetime import date

from catalog.db import Database, Session
from catalog.kit.errors import NotFound, NotReady
from catalog.reference import lists as reference
from catalog.segments import segments
from catalog.segments.segments import CatalogueEntry, SegmentEntry

VERSION = "HB-2021.1"


def shipped_catalogue() -> CatalogueEntry:
    """The segment catalogue of refdata/hubei_industries.csv, codes HB01, HB02, … in the order of the file."""
    rows = reference.rows("hubei_industries.csv")
    return CatalogueEntry(
        version=VERSION,
        title="湖北省产业细分领域目录",
        # Day of 湖北省制造业高质量发展“十四五”规划, from which most names come.
        valid_from=date(2021, 10, 29),
        source="湖北省制造业高质量发展“十四五”规划；湖北省政府新闻办 2023-04-24 发布会；代码对应关系为本项目推定",
        official=False,
        segments=[
            SegmentEntry(
                code=f"HB{number:02d}",
                name=row["name"],
                group_name=row["group"],
                industry_codes=row["gbt4754_codes"].split(),
                ipc_subclasses=row["ipc_subclasses"].split(),
                source=row["name_source"],
                note=row["note"],
            )
            for number, row in enumerate(rows, 1)
        ],
    )


def _has_catalogue_in_use(session: Session) -> bool:
    try:
        segments.catalogue(session)
    except NotReady:
        return False
    return True


def initialise(database: Database) -> bool:
    """Migrates the schema and stores the shipped catalogue if it is missing; returns whether it was.

    A catalogue that an operator has edited or activated is not changed.
    """
    database.upgrade()
    with database.write() as session:
        try:
            segments.catalogue(session, VERSION)
        except NotFound:
            segments.store(session, shipped_catalogue(), use=not _has_catalogue_in_use(session))
            return True
    return False
