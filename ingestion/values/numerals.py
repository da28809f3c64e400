"""Numbers written in Chinese characters (五十万, 叁年) and the units after numbers."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = {sign: place for place, signs in enumerate(("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
           for sign in signs}  # fmt: skip
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_NUMERAL = re.compile(
    r"[零〇一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖拾佰仟]+(?=\s*(?:万|亿|元|圆|年|个?月|期|%|个点))"
)
_PERCENT = re.compile(r"百分之\s*([零〇一二三四五六七八九十两壹贰叁肆伍陆柒捌玖拾]+|[0-9.]+)")


def in_digits(written: str) -> str:
    """The text in half width, its Chinese numbers before a unit in digits.

    >>> in_digits("伍拾万元整"), in_digits("自公告之日起三年"), in_digits("百分之十")
    ('50万元整', '自公告之日起3年', '10%')
    """
    folded = unicodedata.normalize("NFKC", written)
    folded = _PERCENT.sub(
        lambda found: f"{found[1] if found[1][0].isdigit() else _number(found[1])}%", folded
    )
    return _NUMERAL.sub(lambda found: _in_digits(found[0]), folded)


def _in_digits(numeral: str) -> str:
    # 千万 and 百万 are units after a number, not a number of their own.
    return numeral if numeral in ("千", "百", "仟", "佰") else str(_number(numeral))


def _number(numeral: str) -> int:
    total, digit = 0, 0
    for sign in numeral:
        if sign in _TENS:
            total += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit
