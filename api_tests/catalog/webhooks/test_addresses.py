"""Addresses that events may be sent to, and those that are refused: a caller cannot reach a machine's own services by them."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kit.errors import InvalidInput
from catalog.webhooks import addresses

ALLOWED = (
    "https://platform.example.cn/hooks?tenant=1",
    "https://8.8.8.8/x",
    "http://10.1.2.3:8080/hooks",
    "http://[fd12::1]/hooks",
    "http://127.0.0.1/",
    "http://inside.example/",
)
REFUSED = (
    "ftp://platform.example.cn/",
    "https:///hooks",
    "platform.example.cn",
    "https://user:word@platform.example.cn/",
    "https://platform.example.cn/#part",
    "https://platform.example.cn/a b",
    "https://platform.example.cn:99999/",
    "https://[::1/",
    "https://platform..example.cn/",
    "http://8.8.8.8/",
    "http://169.254.169.254/latest/meta-data",
    "https://169.254.10.1/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://[ff02::1]/",
    f"https://platform.example.cn/{'x' * 500}",
)


@pytest.mark.parametrize("url", ALLOWED)
def test_allowed(url: str) -> None:
    addresses.check(url, allow_http=True)


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        addresses.check(url, allow_http=True)


def test_http_is_refused_where_the_operator_wants_https() -> None:
    with pytest.raises(InvalidInput, match="https"):
        addresses.check("http://10.1.2.3/", allow_http=False)


@given(st.ip_addresses(network="169.254.0.0/16") | st.ip_addresses(network="fe80::/10"))
def test_no_name_leads_to_a_link_local_machine(address: object) -> None:
    with pytest.raises(InvalidInput):
        addresses.check_resolved("https", ip_address(str(address)))


@given(st.text())
def test_any_text_is_accepted_or_refused(text: str) -> None:
    with suppress(InvalidInput):
        addresses.check(text, allow_http=True)
