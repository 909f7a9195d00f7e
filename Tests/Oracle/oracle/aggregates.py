"""Aggregates over the values of a window, exact until the last step."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, Callable, Optional

from .functions import arithmetic, finite
from .values import INTEGER_MAX, INTEGER_MIN, MISSING, arithmetic_operand, is_number, key, kind, ordered

SECOND = 1_000_000_000
Sample = tuple[Any, int]  # a value that is there, and the event's time in nanoseconds


def double(exact: Fraction) -> Any:
    try:
        return finite(float(exact))
    except OverflowError:
        return MISSING


def root(exact: Fraction) -> Any:
    """The square root to the nearest double, or the next to it."""
    if exact == 0:
        return 0.0
    shift = 0
    while exact.numerator << shift < exact.denominator << 140:
        shift += 2
    return math.ldexp(float(math.isqrt((exact.numerator << shift) // exact.denominator)), -shift // 2)


def exact_numbers(samples: list[Sample]) -> list[Fraction]:
    """Statistics are exact for the given doubles: integers beyond 53 bits are the nearest ones."""
    return [Fraction(float(value)) for value, _ in samples if is_number(value)]


def variance_of(values: list[Fraction], less: int = 0) -> Optional[Fraction]:
    if len(values) <= less:
        return None
    mean = sum(values, Fraction(0)) / len(values)
    return sum(((value - mean) ** 2 for value in values), Fraction(0)) / (len(values) - less)


def total(samples: list[Sample]) -> Any:
    numbers = [arithmetic_operand(value) for value, _ in samples if is_number(value)]
    if not numbers:
        return MISSING
    exact = sum((Fraction(value) for value in numbers), Fraction(0))
    if all(type(value) is int for value in numbers) and INTEGER_MIN <= exact <= INTEGER_MAX:
        return int(exact)
    return double(exact)


def mean(samples: list[Sample]) -> Any:
    numbers = exact_numbers(samples)
    return double(sum(numbers, Fraction(0)) / len(numbers)) if numbers else MISSING


def spread(less: int, power: float) -> Callable[[list[Sample]], Any]:
    def apply(samples: list[Sample]) -> Any:
        exact = variance_of(exact_numbers(samples), less)
        if exact is None:
            return MISSING
        return root(exact) if power == 0.5 else double(exact)
    return apply


def extreme(wanted: int) -> Callable[[list[Sample]], Any]:
    def apply(samples: list[Sample]) -> Any:
        best: Any = MISSING
        for value, _ in samples:
            if kind(value) in ("number", "text", "time", "duration"):
                if best is MISSING or ordered(value, best) == wanted:
                    best = value
        return best
    return apply


def percentile(samples: list[Sample], p: Any) -> Any:
    numbers = sorted(exact_numbers(samples))
    if not numbers:
        return MISSING
    rank = Fraction(p) / 100 * (len(numbers) - 1)
    low = int(rank)
    high = min(low + 1, len(numbers) - 1)
    return double(numbers[low] + (numbers[high] - numbers[low]) * (rank - low))


def value_range(samples: list[Sample]) -> Any:
    numbers = [sample for sample in samples if is_number(sample[0])]
    if not numbers:
        return MISSING
    return arithmetic(extreme(1)(numbers), extreme(-1)(numbers), "-")


def slope(samples: list[Sample]) -> Any:
    pairs = [(Fraction(time, SECOND), Fraction(float(value))) for value, time in samples if is_number(value)]
    if not pairs:
        return MISSING
    mean_t = sum((t for t, _ in pairs), Fraction(0)) / len(pairs)
    mean_x = sum((x for _, x in pairs), Fraction(0)) / len(pairs)
    below = sum(((t - mean_t) ** 2 for t, _ in pairs), Fraction(0))
    if below == 0:
        return MISSING
    return double(sum(((t - mean_t) * (x - mean_x) for t, x in pairs), Fraction(0)) / below)


def rate(samples: list[Sample]) -> Any:
    pairs = [(Fraction(time, SECOND), Fraction(float(value))) for value, time in samples if is_number(value)]
    if not pairs or pairs[0][0] == pairs[-1][0]:
        return MISSING
    return double((pairs[-1][1] - pairs[0][1]) / (pairs[-1][0] - pairs[0][0]))


def ewma(samples: list[Sample], weight: Any) -> Any:
    numbers = exact_numbers(samples)
    if not numbers:
        return MISSING
    exact = numbers[0]
    for value in numbers[1:]:
        exact = Fraction(weight) * value + (1 - Fraction(weight)) * exact
    return double(exact)


def zscore(samples: list[Sample], against: str = "", floor: Any = None) -> Any:
    numbers = exact_numbers(samples)
    if not numbers:
        return MISSING
    newest = numbers[-1]
    base = numbers[:-1] if against == "others" else numbers
    variance = variance_of(base)
    if variance is None:
        return MISSING
    away = newest - sum(base, Fraction(0)) / len(base)
    low = Fraction(0) if floor is None else Fraction(floor)
    if variance <= low * low:
        if low == 0:
            return 0.0 if away == 0 or against != "others" else MISSING
        return double(away / low)
    return double(away / Fraction(root(variance)))


def truths(samples: list[Sample]) -> list[bool]:
    return [value for value, _ in samples if kind(value) == "boolean"]


def over_truths(function: Callable[[list[bool]], bool]) -> Callable[[list[Sample]], Any]:
    return lambda samples: function(truths(samples)) if truths(samples) else MISSING


AGGREGATES: dict[str, Callable[..., Any]] = {
    "sum": total, "mean": mean, "min": extreme(-1), "max": extreme(1), "variance": spread(0, 1), "stddev": spread(0, 0.5),
    "variance_sample": spread(1, 1), "stddev_sample": spread(1, 0.5), "median": lambda samples: percentile(samples, 50),
    "percentile": percentile, "first": lambda samples: samples[0][0] if samples else MISSING,
    "last": lambda samples: samples[-1][0] if samples else MISSING,
    "distinct": lambda samples: len({key(value) for value, _ in samples}) if samples else MISSING,
    "range": value_range, "slope": slope, "rate": rate, "ewma": ewma, "zscore": zscore,
    "collect": lambda samples: [value for value, _ in samples] if samples else MISSING, "all": over_truths(all),
    "any": over_truths(any), "count_if": lambda samples: sum(truths(samples)), "count": lambda samples: len(samples),
}
