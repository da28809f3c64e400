"""File responses."""

import tempfile
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from fastapi import Response

from catalog.kit.days import beijing_today
from service.sheets.documents import XLSX_TYPE
from service.sheets.lists import Listing, write


class DocumentFormat(StrEnum):
    """Forms of the sheet."""

    DOCX = "docx"
    XLSX = "xlsx"


def attachment(content: bytes, name: str, media_type: str, plain_name: str = "") -> Response:
    """A file to be kept, not shown; `plain_name` is for browsers that know ASCII alone."""
    plain = f'filename="{plain_name}"; ' if plain_name else ""
    headers = {"Content-Disposition": f"attachment; {plain}filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)


def workbook(listing: Listing, name: str) -> Response:
    """The list as a workbook to be kept; written row by row, so that memory stays bounded."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        write(path, listing)
        return attachment(path.read_bytes(), f"{name}-{beijing_today():%Y%m%d}.xlsx", XLSX_TYPE)
