"""Numbers written in Chinese characters (五十万, 叁年) and the units after numbers."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

_DIGITS = {sign: place for place, signs in enumerate(("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
           for sign in signs}  # fmt: skip
_TENS = {"十": 10, "百": 100, "千": 1000}
_SIGNS = "零〇一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖"
_NUMERAL = re.compile(
    rf"[{_SIGNS}]+(?=\s*(?:万|亿|元|周?年|个?月|日|季|期|%|个点|[-~—–至到]+\s*[{_SIGNS}]))|(?<=分)[{_SIGNS}]+(?=\s*次)"
)
_SHARE = re.compile(rf"(百|千)分之\s*([{_SIGNS}]+(?:点[{_SIGNS}]+)?|[0-9]+(?:\.[0-9]+)?)")
_POINTS = re.compile(r"(?<=[0-9])\s*个(?:百分)?点")
_PLAIN_FORMS = str.maketrans("萬億圓圆仟佰拾", "万亿元元千百十")


def in_digits(written: str) -> str:
    """The text in half width, its Chinese numbers before a unit in digits.

    >>> in_digits("伍拾万元整"), in_digits("自公告之日起三年"), in_digits("百分之十")
    ('50万元整', '自公告之日起3年', '10%')
    """
    folded = unicodedata.normalize("NFKC", written).translate(_PLAIN_FORMS)
    folded = _NUMERAL.sub(lambda found: _in_digits(found[0]), _SHARE.sub(_percent, folded))
    return _POINTS.sub("%", folded)


def _percent(share: re.Match[str]) -> str:
    """百分之二点五, 千分之三 in percent."""
    whole, _, parts = share[2].partition("点")
    number = whole if whole[0].isdigit() else f"{_number(whole)}{f'.{_number(parts)}' if parts else ''}"
    return f"{Decimal(number) / (10 if share[1] == '千' else 1):f}%"


def _in_digits(numeral: str) -> str:
    # 千万 and 百万 are units after a number, not a number of their own.
    return numeral if numeral in ("千", "百") else str(_number(numeral))


def _number(numeral: str) -> int:
    if not set(numeral) & set(_TENS):  # figure by figure, as years are written
        return int("".join(str(_DIGITS[sign]) for sign in numeral))
    total, digit = 0, 0
    for sign in numeral:
        if sign in _TENS:
            total += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit
