"""Processes of the product that benchmarks start: commands and the service."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from service.installation.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


class Served(NamedTuple):
    """A running service: its address, the id of its process, and the seconds from its start until it was ready."""

    address: str
    process: int
    seconds: float


def environment(settings: Settings) -> dict[str, str]:
    """The variables under which a process works on this installation."""
    return {
        **os.environ,
        "PATENTDOCK_DATA": str(settings.data),
        "PATENTDOCK_MODEL": settings.model,
        "PATENTDOCK_PRECISION": settings.precision,
    }


def start(settings: Settings, *words: str) -> subprocess.Popen[bytes]:
    """Start a command of `patentdock` in a process group of its own; its messages are thrown away."""
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli.main", *words],
        env=environment(settings),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def run(settings: Settings, *words: str) -> str:
    """Run a command of `patentdock` to its end; returns what it printed. Raises CalledProcessError."""
    command = [sys.executable, "-m", "service.cli.main", *words]
    done = subprocess.run(command, env=environment(settings), cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode()


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """`patentdock serve` on a free port, from when it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    begun = time.perf_counter()
    process = start(settings, "serve", "--port", str(port))
    try:
        address = f"http://127.0.0.1:{port}"
        while not _is_alive(address):
            if process.poll() is not None or time.perf_counter() - begun > 300:
                raise AssertionError(f"the service did not start: {process.returncode}")
            time.sleep(0.05)
        yield Served(address, process.pid, time.perf_counter() - begun)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _is_alive(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


def processor_seconds(process: int) -> float:
    """Seconds that all processors have worked for a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
