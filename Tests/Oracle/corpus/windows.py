"""Windows: every kind with its boundaries, keys, event time and aggregates."""

from __future__ import annotations

from typing import Any

from oracle.cases import Case, line, series

AGGREGATES = (
    "count()", "count(.v)", "count_if(.v > 2)", "sum(.v)", "mean(.v)", "min(.v)", "max(.v)", "variance(.v)", "stddev(.v)",
    "variance_sample(.v)", "stddev_sample(.v)", "median(.v)", "percentile(.v, 90)", "percentile(.v, 0)",
    "percentile(.v, 100)", "percentile(.v, 12.5)", "first(.v)", "last(.v)", "distinct(.v)", "range(.v)", "slope(.v)",
    "rate(.v)", "ewma(.v, 0.25)", "ewma(.v, 1)", "collect(.v)", "all(.v > 1)", "any(.v > 4)", "zscore(.v)",
    'zscore(.v, against: "others")', 'zscore(.v, against: "others", floor: 2)', "zscore(.v, floor: 0.5)",
    "last(time())", "max(time())", "collect(topic())", "sum(.v * 2 + 1)", "first(.v ?? -1)",
)
WINDOWS = (
    "last 3", "last 1", "last 3s", "last 1s", "last 2500ms", "every 2 events", "every 3s", "every 3s over 6s",
    "every 1s over 3s", "session 1s", "session 1500ms",
)
SILENT = ("count()", "count(.v)", "first(.v)", "last(.v)", "min(.v)", "max(.v)", "sum(.v)", "mean(.v)", "variance(.v)",
          "stddev(.v)", "range(.v)")
VALUES: list[Any] = [1, 2, 2.5, None, 7, 7, -3, 0.1, 0.2, None, None, 1e9, 1e9, 4]
MIXED: list[Any] = [1, "x", 2.5, True, "x", 7, [1], "y", -3, None, 0.5]


def body(aggregates: tuple[str, ...]) -> str:
    return ", ".join(f"a{place}: {text}" for place, text in enumerate(aggregates))


def all_aggregates() -> list[Case]:
    out = []
    lines = series(VALUES, start=500) + series([5, 6], start=60_000) + series([8], start=61_999)
    for window in WINDOWS:
        text = f'rule r {{ from "t" window {window} publish "o" {{ t: time(), {body(AGGREGATES)} }} }}'
        out.append(Case(f"window/aggregates of {window}", [text], lines))
    numeric = tuple(text for text in AGGREGATES if not text.startswith(("min(", "max(")))
    for window in WINDOWS:
        text = f'rule r {{ from "t" window {window} publish "o" {{ t: time(), {body(numeric)} }} }}'
        out.append(Case(f"window/other types in {window}", [text], series(MIXED, start=500)))
    text = f'rule r {{ from "t" window silent 2s publish "o" {{ t: time(), {body(SILENT)} }} }}'
    out.append(Case("window/aggregates of silent 2s", [text], lines))
    return out


def timed(name: str, clauses: str, times: list[Any], publish: str = "", **more: Any) -> Case:
    """Events that carry their time: numbers, or pairs of (arrival, event time), in milliseconds."""
    publish = publish or 'publish "o" { t: time(), n: count(), c: collect(.t) }'
    lines = []
    for item in times:
        arrival, time = item if isinstance(item, tuple) else (item, item)
        lines.append(line(arrival, "t", {"t": time}))
    return Case("time/" + name, [f'rule r {{ from "t" {clauses} {publish} }}'], lines, **more)


BOUNDS = 'publish "o" { t: time(), n: count(), c: collect(.t), from: window_start(), to: window_end() }'


def boundaries() -> list[Case]:
    at = "at .t late 2s "
    return [
        timed("every at its end", "window every 5s", [0, 4999, 5000, 9999, 10000]),
        timed("every skips empty", "window every 1s", [500, 10_500], BOUNDS),
        timed("every before 1970", "at .t window every 5s", [(10_000, -1), (11_000, 0), (12_000, -5000), (13_000, 4000)], BOUNDS),
        timed("every bounds", "window every 1500ms", [0, 1499, 1500, 2999, 3000], BOUNDS),
        timed("over bounds", "window every 2s over 6s", [0, 1999, 2000, 7000, 7999, 8000], BOUNDS),
        timed("over late in some", at + "window every 2s over 6s", [(0, 0), (1, 7000), (2, 1000), (3, 12_000), (4, 1000)], BOUNDS),
        timed("last D boundary", "window last 2s", [0, 1999, 2000, 2001, 4000], BOUNDS),
        timed("last D late", "at .t window last 2s", [(0, 0), (1, 5000), (2, 3001), (3, 3000), (4, 4000), (5, 5000)], BOUNDS),
        timed("session exact gap", "window session 2s", [0, 2000, 4000, 6001, 8002], BOUNDS),
        timed("session one event", "window session 2s", [700], BOUNDS),
        timed("session joins", at + "window session 2s", [(0, 0), (1, 3500), (2, 1800), (3, 9000)], BOUNDS),
        timed("session late", at + "window session 1s", [(0, 0), (1, 3001), (2, 3100), (3, 9), (4, 2200), (5, 1000)], BOUNDS),
        timed("session late to the instant", at + "window session 1s", [(0, 0), (1, 3000), (2, 0), (3, 1000)], BOUNDS),
        timed("silent fires once", "window silent 2s", [0, 1000, 3000, 5001, 20_000], 'publish "o" { t: time(), n: count(), l: last(.t), e: window_end() }'),
        timed("silent exact gap", "window silent 2s", [0, 2000, 4000, 6000], 'publish "o" { n: count() }'),
        timed("late closes by the clock", at + "window every 5s", [(1000, 1000), (20_000, 20_000)], 'publish "o" { n: now(), t: time() }'),
        timed("late takes stragglers", at + "window every 5s", [(0, 4000), (1, 6999), (2, 100), (3, 7000), (4, 200), (5, 5500)], BOUNDS),
        timed("watermark runs while silent", at + "window every 5s", [(0, 4000), (2999, 0), (3000, 1), (3001, 2)], BOUNDS),
        timed("watermark may fall", "at .t window every 5s", [(0, 4000), (2000, 4500), (2100, 4600), (2400, 4700), (2500, 4800)], BOUNDS),
        timed("empty interval passed", "at .t window every 1s", [(0, 500), (3000, 800), (3100, 2000), (3200, 3600)], BOUNDS),
        timed("equal greatest keeps the first arrival", "at .t window every 5s", [(0, 4000), (900, 4000), (1000, 4999)], BOUNDS),
        timed("ahead", "at .t ahead 1s window last 9", [(1000, 2000), (1000, 2001), (1000, 1500)]),
        timed("ahead default", "at .t window last 9", [(1000, 86_401_000), (1000, 86_401_001)]),
        timed("at missing", "at .x window last 9", [1, 2]),
        timed("at seconds", "at .t s window last 9", [(9_000_000, 12), (9_000_000, 12.5), (9_000_000, 12.0000005)], 'publish "o" { t: time(), c: collect(.t) }'),
        timed("at microseconds", "at .t us window last 9", [(9_000_000, 1999), (9_000_000, -1)], 'publish "o" { t: time() }'),
        timed("at nanoseconds", "at .t ns window last 9", [(9_000_000, 1_999_999), (9_000_000, 2_000_000)], 'publish "o" { t: time() }'),
        timed("at expression", "at .t + 1000 window last 9", [(9_000, 5)], 'publish "o" { t: time() }'),
        timed("at text", "at .t window last 20", [(2_000_000_000_000, t) for t in (
            "2001-02-03T04:05:06Z", "2001-02-03t04:05:06.789z", "2001-02-03 04:05:06", "2001-02-03T04:05:06+02:30",
            "2001-02-03T04:05:06.1234567899-01:00", "2001-02-30T00:00:00Z", "2001-02-03", "2001-02-03T24:00:00Z", "x", "", True,
            None, [1], "2000-02-29T00:00:00Z", "1999-12-31T23:59:59.999Z", "2001-02-03T04:05Z", "2001-2-3T04:05:06Z")],
            'publish "o" { t: time(), v: .t }'),
        timed("no drain", "window every 5s", [0, 4000, 6000], options=["--no-drain"]),
        timed("no drain at an end", "window every 5s", [0, 5000], options=["--no-drain"]),
        timed("no drain session due", "window session 1s", [0, 1000, 2001, 3002], options=["--no-drain"]),
        timed("clock does not go back", "window every 1s", [(5000, 0), (4000, 1), (5999, 2), (1000, 3), (6000, 4)]),
        timed("last N order", "at .t window last 2", [(0, 5000), (1, 1000), (2, 3000)], 'publish "o" { c: collect(.t), f: first(.t), l: last(.t), r: rate(.t), s: slope(.t) }'),
        timed("every N", "window every 3 events", range_list(0, 8)),
        timed("ewma by arrival", "at .t late 9s window every 10s", [(0, 5000), (1, 1000), (2, 3000)], 'publish "o" { e: ewma(.t, 0.5), z: zscore(.t), f: first(.t), l: last(.t) }'),
        timed("let below", "window last 3 let m = mean(.t) let d = .t - m when d > 0 or count() == 1", [1, 5, 3, 9], 'publish "o" { m, d, m2: m * 2 }'),
        timed("limit under window", "window last 3 limit 2 per 3s", range_list(0, 9000, 500), 'publish "o" { t: time(), n: count() }'),
    ]


def range_list(first: int, end: int, step: int = 1) -> list[Any]:
    return list(range(first, end, step))


def keyed(name: str, text: str, lines: list[str]) -> Case:
    return Case("key/" + name, [text], lines)


def keys() -> list[Case]:
    two = [line(t, f"s/{k}", {"k": v, "n": t}) for t, k, v in (
        (0, "a", 1), (100, "b", 1.0), (200, "a", "1"), (300, "b", None), (400, "a", True), (500, "b", 1), (600, "a", [1]),
        (700, "b", 0.0), (800, "a", -0.0), (900, "b", 0))]
    return [
        keyed("by capture", 'rule r { from "s/{k}" window last 9 by k publish "o/{k}" { k, c: collect(.n) } }', two),
        keyed("by field", 'rule r { from "s/{k}" window last 9 by .k publish "o/{k}" { v: .k, c: collect(.n) } }', two),
        keyed("by two", 'rule r { from "s/{k}" let v = .k window every 10s by k, v publish "o/{k}" { k, c: collect(.n) } }', two),
        keyed("none", 'rule r { from "s/{k}" window every 10s publish "o" { c: collect(.n), k: collect(k) } }', two),
        keyed("expression", 'rule r { from "s/{k}" window every 10s by .n > 300 publish "o" { c: collect(.n) } }', two),
        keyed("order of creation", 'rule r { from "s/{k}" window every 1s by k publish "o/{k}" { k, n: count() } }',
              [line(t, f"s/{k}", {}) for t, k in ((0, "z"), (1, "a"), (2, "m"), (1500, "m"), (1600, "a"), (1700, "q"), (1800, "z"))]),
        keyed("order of rules", 'rule q { from "s/{k}" window every 1s by k publish "q/{k}" { k } } '
              'rule p { from "s/{k}" window every 1s by k publish "p/{k}" { k } }',
              [line(t, f"s/{k}", {}) for t, k in ((0, "z"), (1, "a"), (1500, "a"), (1600, "z"))]),
        keyed("order of ends", 'rule q { from "s/{k}" window every 3s by k publish "q/{k}" { k } } '
              'rule p { from "s/{k}" window every 1s by k publish "p/{k}" { k } } '
              'rule s { from "s/{k}" window session 2s by k publish "e/{k}" { k } }',
              [line(t, f"s/{k}", {}) for t, k in ((0, "z"), (1000, "a"), (2000, "b"), (9000, "z"))]),
        keyed("watermark of its own", 'rule r { from "s/{k}" at .t window every 5s by k publish "o" { k, n: count() } }',
              [line(a, f"s/{k}", {"t": t}) for a, k, t in ((0, "a", 1000), (1, "b", 60_000), (2, "a", 2000), (3, "b", 3000), (4, "a", 5000))]),
    ]


def cases() -> list[Case]:
    return all_aggregates() + boundaries() + keys()
