"""The number format of the product that finds candidates, chosen by a measurement on this machine.

With bfloat16 matrix units (AMX, Zen 5) the product is several times as fast as in float32; without them it is emulated
and many times slower. A unit whose errors are larger than the arithmetic allows is not used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch

MIN_GAIN = 1.2
"""How many times as fast bfloat16 must be to be worth it."""

_SHAPE = (256, 1024, 384)
_ROUNDS = 5


Allowance = Callable[[torch.Tensor, int], torch.Tensor]
"""The largest error of each expected product of vectors of a length."""


@dataclass(frozen=True, slots=True)
class Product:
    """A number format, the integers that hold its bits, and why it was chosen, in Chinese."""

    dtype: torch.dtype
    bits: torch.dtype
    reason: str

    @property
    def is_rounded(self) -> bool:
        """Whether scores come out shorter than they were added up."""
        return self.dtype is torch.bfloat16


def exact_product(reason: str) -> Product:
    """The product in float32."""
    return Product(torch.float32, torch.int32, reason)


def coarse_product(reason: str) -> Product:
    """The product in bfloat16."""
    return Product(torch.bfloat16, torch.int16, reason)


@cache
def choose_product() -> Product:
    """The faster product of the two that is as accurate as it should be; measured once in each process, in 0.1 s."""
    return faster_product(rounding)


def faster_product(allowed: Allowance) -> Product:
    """The faster product of the two, bfloat16 only where no error is larger than what is `allowed`."""
    generator = torch.Generator().manual_seed(1)
    rows, columns, depth = _SHAPE
    left = torch.nn.functional.normalize(torch.randn(rows, depth, generator=generator))
    right = torch.nn.functional.normalize(torch.randn(columns, depth, generator=generator))
    coarse_left, coarse_right = left.bfloat16(), right.bfloat16()
    expected = coarse_left.double() @ coarse_right.double().T
    coarse = (coarse_left @ coarse_right.T).double()
    if bool(torch.any((coarse - expected).abs() > allowed(expected, depth))):
        return exact_product("本机实测：bfloat16 乘积的误差超出其算术应有的范围，故用 float32")
    gain = _seconds(left, right) / _seconds(coarse_left, coarse_right)
    if gain < MIN_GAIN:
        return exact_product(f"本机实测：bfloat16 乘积的速度为 float32 的 {gain:.2f} 倍，故用 float32")
    return coarse_product(f"本机实测：bfloat16 乘积的速度为 float32 的 {gain:.2f} 倍，故用 bfloat16")


def rounding(expected: torch.Tensor, depth: int) -> torch.Tensor:
    """Rounding of the result to 8 bits, and of additions in single precision (Higham, 2002, 3.1)."""
    return expected.abs() * 2.0**-8 * 1.01 + depth * 2.0**-23


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        left @ right.T
        best = min(best, time.perf_counter() - start)
        if best > 1.0:  # emulated: more rounds would not change the verdict
            break
    return best
