"""Addresses (推送地址) that events may be sent to: https anywhere, http within the intranet.

Link-local addresses and those under which clouds give out credentials are refused (server-side request forgery, OWASP API7:2023),
whether the address names them or a name resolves to them.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from catalog.kit.errors import InvalidInput
from catalog.webhooks.webhooks import MAX_URL

_INTRANET = tuple(
    map(
        ip_network,
        (
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "::1/128",
            "fc00::/7",
        ),
    )
)
_METADATA = {ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254")}
"""Where AWS and others, Alibaba Cloud, and AWS over IPv6 serve a machine's credentials."""
_HINT = "请填写完整地址，如 https://platform.example.cn/hooks"


class Destination(NamedTuple):
    """The parts of an address that decide where it leads."""

    scheme: str
    host: str
    port: int


def parsed(url: str) -> Destination:
    """The parts of an address. Raises InvalidInput for one that nothing is sent to, wherever its name leads."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # raises a ValueError for what can be no name
    except ValueError as error:
        raise InvalidInput("推送地址无法识别", hint=_HINT) from error
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        raise InvalidInput(f"推送地址应为不超过 {MAX_URL} 个可见字符，不含空格", hint=_HINT)
    if parts.scheme not in ("https", "http") or not host:
        raise InvalidInput("推送地址应以 https:// 或 http:// 开头，并写明主机", hint=_HINT)
    if "@" in parts.netloc:
        raise InvalidInput("推送地址中不应有用户名或密码", hint="接收方凭签名核对来源，不需要密码")
    if "#" in url:
        raise InvalidInput("推送地址中不应有“#”", hint=_HINT)
    return Destination(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def check(url: str, *, allow_http: bool) -> None:
    """Refuses an address that is known to be of no use before its name is looked up. Raises InvalidInput."""
    place = parsed(url)
    if place.scheme == "http" and not allow_http:
        raise InvalidInput("推送地址应使用 https", hint="本系统未开放 http，见 PATENTDOCK_WEBHOOK_HTTP")
    try:
        address = ip_address(place.host)
    except ValueError:
        return
    check_resolved(place.scheme, address)


def check_resolved(scheme: str, address: IPv4Address | IPv6Address) -> None:
    """Refuses a machine that nothing is sent to. Raises InvalidInput."""
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    within = any(address in network for network in _INTRANET if network.version == address.version)
    if address in _METADATA or not (within or (address.is_global and not address.is_multicast)):
        raise InvalidInput(f"不向 {address} 推送", hint="请填写接收方在内网或互联网上的地址")
    if scheme == "http" and not within:
        raise InvalidInput(f"{address} 不是内网地址，推送地址应使用 https", hint="http 只用于内网")
