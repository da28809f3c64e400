"""The installation that a command works on."""

from __future__ import annotations

from service.installation.runtime import Runtime
from service.installation.settings import load_settings


def any_runtime() -> Runtime:
    """The installation of the settings, in any state. Raises InvalidInput for unusable settings."""
    return Runtime(load_settings())


def ready_runtime() -> Runtime:
    """An installation with an up-to-date database. Raises NotReady."""
    from service.installation.checks import check_schema

    runtime = any_runtime()
    check_schema(runtime)
    return runtime
