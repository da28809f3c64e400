"""Passwords (密码): the rules that one has to meet, and its hash by Argon2id with the parameters of RFC 9106, second choice."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from catalog.kit.base import fold
from catalog.kit.errors import InvalidInput

SHORTEST = 10
LONGEST = 128
# RFC 9106, 4: three passes over 64 MiB on four lanes, where memory is not at hand in gigabytes.
_HASHER = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=64 * 1024, parallelism=4),))


def check(password: str, login: str) -> None:
    """Raises InvalidInput for a password that is too short, names its user, repeats one character or is a usual one."""
    if reason := _weakness(password, login):
        raise InvalidInput(f"密码不可用：{reason}", hint=f"请设 {SHORTEST} 个字符以上、不易猜到的密码")


def _weakness(password: str, login: str) -> str:
    plain = fold(password)
    if not SHORTEST <= len(password) <= LONGEST:
        return f"应为 {SHORTEST} 至 {LONGEST} 个字符"
    if not password.isprintable():
        return "含有不可见字符"
    if plain == fold(login) or plain == fold(login) * 2:
        return "不得与登录名相同"
    if len(set(plain)) < 4:
        return "重复的字符过多"
    return "过于常见" if plain in _usual() else ""


@cache
def _usual() -> frozenset[str]:
    text = files("catalog.accounts").joinpath("usual_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


def hashed(password: str) -> str:
    """The hash under which a password is stored."""
    return _HASHER.hash(password)


def is_right(password: str, stored: str) -> bool:
    """Whether this is the password of a stored hash."""
    return _HASHER.verify(password, stored)
