"""PURE: how many of a lot are drawn to be looked at closely, and what a clean sample promises."""

from bisect import bisect_left
from math import comb, isqrt

SMALLEST = 3
DETECTED = (95, 100)
"""How often a sample has to show a defect, out of how often: 95 times in 100."""


def sample_size(lot: int) -> int:
    """How many of `lot` are drawn: the square root of it plus one, rounded up, at least 3.

    The “square root of N plus one” rule of inspectors, as in the n plan of the WHO guidelines for
    sampling (Technical Report Series 929, annex 4). It says how much is looked at, not what that
    proves: `shows_from` says this.
    """
    if lot <= 0:
        return 0
    rounded_up = isqrt(lot - 1) + 2
    return min(lot, max(SMALLEST, rounded_up))


def shows_from(lot: int, sample: int) -> int:
    """The fewest defects in the lot of which a sample would have shown one 95 times in 100.

    Exact, by the hypergeometric distribution: of `comb(lot, sample)` equally likely samples,
    `comb(lot - defects, sample)` hold none. ValueError for a sample that is no part of the lot.
    """
    if not 0 < sample <= lot:
        raise ValueError(f"{sample} cannot be drawn out of {lot}")
    shown, out_of = DETECTED
    samples = comb(lot, sample)

    def is_shown(defects: int) -> bool:
        return comb(lot - defects, sample) * out_of <= samples * (out_of - shown)

    return bisect_left(range(lot + 1), True, key=is_shown)
