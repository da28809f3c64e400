"""Files as answers."""

from enum import StrEnum
from urllib.parse import quote

from fastapi import Response


class DocumentFormat(StrEnum):
    """Forms of the sheet."""

    DOCX = "docx"
    XLSX = "xlsx"


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """A file to be kept, not shown."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)
