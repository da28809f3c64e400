"""The kinds of records that can be imported, as a choice for REST and the command line."""

from enum import StrEnum

from ingestion.kinds.names import KIND_NAMES


class ImportKind(StrEnum):
    """Kinds of records that can be imported."""

    vars().update({name.upper(): name for name in KIND_NAMES})
