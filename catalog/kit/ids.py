"""Ids of records as callers give them: the numbers that a 32-bit key column holds, beyond which PostgreSQL fails."""

from typing import Annotated

from pydantic import Field

MAX_ID = 2**31 - 1

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
"""An id; digits in a text are read as one, as query parameters need it."""
StrictId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
"""An id in a JSON body: a number, no text."""
