"""One POST to a receiver, within a time limit: no proxy, no redirect, no answer read beyond its head.

The name is looked up once, and the connection goes to the address that was checked: a name that leads elsewhere a moment
later (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import httpx

from catalog.kit.errors import InvalidInput
from catalog.webhooks import addresses
from catalog.webhooks.deliveries import PostAnswer


@dataclass(frozen=True, slots=True)
class PostRules:
    """Whether http is allowed within the intranet, and how many seconds a receiver has for its answer."""

    allow_http: bool = True
    seconds: float = 10


def client() -> httpx.AsyncClient:
    """The client that posts; certificates are checked against those of the system and the usual ones."""
    trusted = httpx.create_ssl_context(trust_env=False)
    trusted.load_default_certs()
    return httpx.AsyncClient(
        verify=trusted,
        trust_env=False,
        follow_redirects=False,
        # None is kept: two names may share an address, and a certificate was checked for one of them.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        timeout=None,  # noqa: S113 - the limit of `post` holds for the whole
        headers={"user-agent": "PatentDock-Webhooks"},
    )


async def post(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes, rules: PostRules
) -> PostAnswer:
    """Sends a body; answers with the receiver's status, or why there was none."""
    try:
        addresses.check(url, allow_http=rules.allow_http)
        async with asyncio.timeout(rules.seconds):
            *others, last = await _resolved(addresses.parsed(url))
            for host in others:
                with suppress(httpx.ConnectError):
                    return await _answer(client, httpx.URL(url), host, headers, body)
            return await _answer(client, httpx.URL(url), last, headers, body)
    except TimeoutError:
        return PostAnswer(None, f"{rules.seconds:g} 秒内没有答复")
    except InvalidInput as error:
        return PostAnswer(None, str(error))
    except socket.gaierror:
        return PostAnswer(None, "主机名无法解析")
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        is_untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
        return PostAnswer(None, "证书未通过核对" if is_untrusted else f"无法连接（{type(error).__name__}）")


async def _answer(
    client: httpx.AsyncClient, url: httpx.URL, host: str, headers: Mapping[str, str], body: bytes
) -> PostAnswer:
    """The answer of the machine at `host`, asked and checked under the name of `url`."""
    named = {**headers, "host": url.netloc.decode()}
    request = client.stream(
        "POST",
        url.copy_with(host=host),
        headers=named,
        content=body,
        extensions={"sni_hostname": url.raw_host.decode()},
    )
    async with request as response:
        return PostAnswer(response.status_code, "", _retry_after(response))


async def _resolved(place: addresses.Destination) -> list[str]:
    """The addresses of a host. Raises InvalidInput where one of them is refused, and gaierror."""
    found = await asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    hosts = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    for host in hosts:
        addresses.check_resolved(place.scheme, ip_address(host))
    return hosts


def _retry_after(response: httpx.Response) -> timedelta:
    """The wait that a receiver asks for, in seconds or until a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 10**6))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return timedelta(0)
    moment = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta(0))
