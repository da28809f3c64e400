"""The version of this program."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("patentdock")
    except PackageNotFoundError:
        return "0+源码"
