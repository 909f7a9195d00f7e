"""Numbers that cancel, overflow or repeat in windows, and windows of unusual lengths."""

from __future__ import annotations

import random
from typing import Any

from oracle.cases import Case, line, series

from .windows import WINDOWS, body

STABLE = (
    "count(.v)", "min(.v)", "max(.v)", "variance(.v)", "stddev(.v)", "variance_sample(.v)", "stddev_sample(.v)",
    "median(.v)", "percentile(.v, 37.5)", "distinct(.v)", "range(.v)", "first(.v)", "last(.v)",
)
TOTALS = ("sum(.v)", "mean(.v)", "slope(.v)", "rate(.v)", "ewma(.v, 0.1)", "zscore(.v)")


def sequences() -> dict[str, list[Any]]:
    source = random.Random(7)
    return {
        "near a billion": [1e9 + source.uniform(-1e-3, 1e-3) for _ in range(40)],
        "constant after noise": [source.uniform(-1e9, 1e9) for _ in range(12)] + [0.1] * 14 + [0.3] * 14,
        "constant": [1 / 3] * 20,
        "huge and tiny": [1e300, 1.0, -1e300, 1e-300, 5e-324, 1e300, 2.0, 3.0, 4.0, 5.0],
        "overflow of squares": [1e200, -1e200, 1e200, 3e200, 1e155, 1.0, 2.0, 3.0, 4.0],
        "integers that overflow": [2**62, 2**62, 2**62, -(2**62), 1, 2, 3, -(2**63), 2**63 - 1, 2**63 - 1, 0, 0, 1],
        "integers beyond 53 bits": [2**53 + 1, 2**53 + 3, 2**53 + 5, 1, 2**60 + 1, -(2**60)],
        "integers and doubles": [1, 2.5, 3, 4, 5, 0.5, 6, 7, 8, 9],
        "negative zero": [-0.0, 0.0, 0, -0.0, 1, -1.0],
        "random": [round(source.gauss(20, 5), 3) for _ in range(60)],
        "alternating": [5.0, -5.0] * 12,
        "drift": [place * 0.1 + 1e6 for place in range(30)],
    }


def windows() -> list[Case]:
    out = []
    for name, values in sequences().items():
        wild = any(isinstance(value, float) and abs(value) > 1e150 for value in values)
        plain = name in ("random", "integers and doubles", "drift", "constant", "near a billion")
        chosen = STABLE + TOTALS[:2] if plain else STABLE
        if wild:  # their squares are beyond double
            chosen = tuple(text for text in STABLE if "stddev" not in text)
        for window in WINDOWS:
            if wild and window != "last 3":
                continue
            text = f'rule r {{ from "t" window {window} publish "o" {{ {body(chosen)} }} }}'
            out.append(Case(f"number/{name} in {window}", [text], series(values), strict=True))
        if not wild:
            text = f'rule r {{ from "t" window last 7 publish "o" {{ {body(TOTALS)} }} }}'
            out.append(Case(f"number/totals of {name}", [text], series(values)))
    return out


def lengths() -> list[Case]:
    bounds = 'publish "o" { n: count(), from: window_start(), to: window_end(), t: time() }'
    times = [0, 1, 2, 999, 1000, 86_399_999, 86_400_000, 604_799_999, 604_800_000, 31_536_000_000, 1_700_000_000_123]
    lines = [line(time, "t", {}) for time in times]
    before = [line(9_000_000_000, "t", {"t": -time}) for time in reversed(times[:9])]
    out = []
    for length in ("0.5ms", "1ms", "3ms", "1.5h", "1d", "7d", "365d", "1m", "999ms"):
        for kind in ("every", "last", "session"):
            out.append(Case(f"length/{kind} {length}", [f'rule r {{ from "t" window {kind} {length} {bounds} }}'], lines))
            out.append(Case(f"length/{kind} {length} before 1970", [
                f'rule r {{ from "t" at .t window {kind} {length} {bounds} }}'], before))
    out.append(Case("length/every 1ms over 1s", [f'rule r {{ from "t" window every 1ms over 20ms {bounds} }}'], lines))
    fractions = [line(0, "t", {}).replace('"time": 0', f'"time": {time}') for time in ("1.5", "2.25", "1e3", "1000.9999")]
    out.append(Case("length/fractions of milliseconds", [f'rule r {{ from "t" window every 1ms {bounds} }}',
                    'rule q { from "t" publish "p" { t: time(), s: time() - arrived() } }'], fractions))
    return out


def cases() -> list[Case]:
    return windows() + lengths()
