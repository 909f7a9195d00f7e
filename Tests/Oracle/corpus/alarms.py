"""`when … for … until`, `on clear`, `limit`, `dedupe` and the functions of history."""

from __future__ import annotations

from typing import Any

from oracle.cases import Case, line, series

CLEAR = 'publish "o" { s: 1, t: time(), v: .v } on clear publish "o" { s: 0, t: time(), v: .v }'


def alarm(name: str, clauses: str, values: list[Any], publish: str = CLEAR, every: int = 1000, source: str = 'from "t"') -> Case:
    return Case("alarm/" + name, [f"rule r {{ {source} {clauses} {publish} }}"], series(values, every=every))


def steps(name: str, clauses: str, values: list[Any], publish: str = 'publish "o" { t: time(), v: .v }') -> Case:
    return Case("step/" + name, [f'rule r {{ from "t" {clauses} {publish} }}'], series(values))


def alarms() -> list[Case]:
    up = [9, 9, 9, 9, 9, 1, 9, 9, 9, 9, 9]
    return [
        alarm("for", "when .v > 5 for 3s", up),
        alarm("for, no second evaluation", "when .v > 5 for 500ms", up),
        alarm("for, exactly two", "when .v > 5 for 1500ms", [1, 9, 9, 1, 9, 1, 9, 9]),
        alarm("for, second at the instant", "when .v > 5 for 1s", [1, 9, 9, 1, 9, 9, 9]),
        alarm("for, broken at the instant", "when .v > 5 for 2s", [9, 9, 1, 9, 9, 9, 1]),
        alarm("for, dropped then again", "when .v > 5 for 500ms", [9, 1, 9, 9, 9]),
        alarm("for, missing breaks", "when .v > 5 for 2s", [9, 9, None, 9, 9, 9, 9, None, 9]),
        alarm("for, drained", "when .v > 5 for 10s", [1, 9, 9]),
        alarm("for, dropped at the end", "when .v > 5 for 10s", [1, 9]),
        alarm("for, body-less", "when .v > 5 for 2s", up, 'publish "o"'),
        alarm("until", "when .v > 8 until .v < 3", [9, 9, 5, 2, 2, 9, 1, 9, 5]),
        alarm("until missing", "when .v > 8 until .v < 3", [9, None, 2, None, 9]),
        alarm("until, clear then again next", "when .v > 8 until .w < 3", [9, 9, 9], CLEAR),
        alarm("for and until", "when .v > 8 for 2s until .v < 3", [9, 9, 9, 5, 9, 9, 2, 9, 9, 9, 9, 1]),
        alarm("for and until, E before active", "when .v > 8 for 3s until .v < 3", [9, 9, 2, 9, 9, 9, 9]),
        alarm("for in last N", "window last 2 when mean(.v) > 5 for 2s", up, 'publish "o" { t: time(), m: mean(.v), v: .v } on clear publish "c" { m: mean(.v) }'),
        alarm("for in last D", "window last 2s when mean(.v) > 5 for 2s", up, 'publish "o" { t: time(), m: mean(.v), n: now() } on clear publish "c" { m: mean(.v) }'),
        alarm("for under every", "window every 2s when mean(.v) > 5 for 3s", [9] * 12 + [1] * 6 + [9] * 8, 'publish "o" { t: time(), m: mean(.v) } on clear publish "c" { t: time(), m: mean(.v) }'),
        alarm("until under every", "window every 2s when mean(.v) > 5 until mean(.v) < 3", [9, 9, 9, 4, 4, 4, 1, 1, 9, 9], 'publish "o" { t: time(), m: mean(.v) } on clear publish "c" { t: time() }'),
        alarm("until under session", "window session 1s when count() > 1 until count() == 1", [1, 2, 3], 'publish "o" { t: time() } on clear publish "c" { t: time() }'),
        alarm("limit holds a raise back", "when .v > 8 until .v < 3 limit 1 per 5s", [9, 1, 9, 9, 9, 9, 1, 9, 1]),
        alarm("limit holds a for back", "when .v > 8 for 1500ms limit 1 per 10s", [9, 9, 9, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1]),
        alarm("limit", "when .v > 5 limit 2 per 3s", [9] * 9, 'publish "o" { t: time() }'),
        alarm("limit at D", "limit 1 per 1s", [1, 2, 3], 'publish "o" { t: time() }'),
        alarm("limit by field", "limit 1 per 3s by .v", [1, 2, 1.0, 2, "1", 1, 2], 'publish "o" { t: time(), v: .v }'),
        Case("alarm/state per captures", [f'rule r {{ from "t/{{k}}" when .v > 5 for 2s {CLEAR} }}'],
             [line(t, f"t/{k}", {"v": v}) for t, k, v in (
                 (0, "a", 9), (500, "b", 9), (1000, "a", 9), (1500, "b", 1), (2600, "a", 9), (2700, "b", 9), (3000, "a", 1), (3100, "b", 9))]),
        Case("alarm/state per captures, until", [f'rule r {{ from "t/{{k}}/+" when .v > 5 until .v < 2 {CLEAR} }}'],
             [line(t, f"t/{k}/x{t}", {"v": v}) for t, k, v in ((0, "a", 9), (500, "b", 9), (1000, "a", 1), (1500, "a", 9), (1600, "b", 9))]),
        Case("alarm/limit of the window's by", ['rule r { from "t/{k}" window last 5 by k limit 1 per 2s publish "o/{k}" { t: time(), n: count() } }'],
             [line(t, f"t/{k}", {}) for t, k in ((0, "a"), (1, "b"), (1000, "a"), (2000, "a"), (2000, "b"), (2001, "b"), (4000, "b"))]),
        Case("alarm/limit without by", ['rule r { from "t/{k}" limit 1 per 2s publish "o/{k}" { t: time() } }'],
             [line(t, f"t/{k}", {}) for t, k in ((0, "a"), (1, "b"), (1999, "b"), (2000, "b"), (2001, "a"))]),
        Case("alarm/limit by event time", ['rule r { from "t" at .t limit 1 per 2s publish "o" { t: time() } }'],
             [line(a, "t", {"t": t}) for a, t in enumerate((5000, 1000, 6999, 7000, 3000, 9000))]),
        Case("alarm/for by event time", [f'rule r {{ from "t" at .t late 1s when .v > 5 for 2s {CLEAR} }}'],
             [line(a, "t", {"t": t, "v": v}) for a, t, v in (
                 (0, 0, 9), (1, 1000, 9), (2, 2500, 9), (3, 2999, 9), (4, 3000, 8), (5, 3500, 1), (6, 3600, 9), (7, 20_000, 9), (8, 20_001, 9))]),
    ]


def other_steps() -> list[Case]:
    mixed = [1, 1, 2, 2, None, None, 3, "3", 3, 1.0, 1, True, True]
    history = 'publish "o" { p: previous(.v), d: delta(.v), c: changed(.v) }'
    return [
        steps("dedupe", "dedupe .v within 3s", [1, 1, 1, 1, 2, 1, 1, 1, 1.0, None, None]),
        steps("dedupe two", "dedupe .v, .w within 3s", [1, 1, "1", 1, 2, 1, 1]),
        steps("dedupe after where", "where .v != 2 dedupe .v > 0 within 3s", [2, 1, 1, 3, 3, 3, -1]),
        Case("step/dedupe by event time", ['rule r { from "t" at .t dedupe .v within 2s publish "o" { t: time() } }'],
             [line(a, "t", {"t": t, "v": 1}) for a, t in enumerate((5000, 1000, 6999, 7000, 3000, 9000))]),
        Case("step/dedupe over captures", ['rule r { from "t/{k}" dedupe .v within 2s publish "o/{k}" { t: time() } }'],
             [line(t, f"t/{k}", {"v": v}) for t, k, v in ((0, "a", 1), (1, "b", 1), (2, "b", 2), (2000, "b", 1))]),
        steps("history", "", mixed, history),
        steps("changed in where", "where changed(.v)", mixed),
        steps("changed behind and", "where .v != 2 and changed(.v)", [1, 2, 1, 3, 3, 2, 3]),
        steps("two places", "where .v != 2 where changed(.v)", [1, 2, 1, 3, 3, 2, 3]),
        steps("history in let", "let d = delta(.v) where d > 0 or d < 0", [1, 2, 2, 4, 3, 3, 0.5], 'publish "o" { d }'),
        steps("history in when", "when delta(.v) > 1", [1, 3, 4, 6, 8, 8]),
        steps("history in publish after when", "when .v > 2", [1, 3, 2, 6, 1, 8], history),
        steps("history under window", "window last 3", [1, 3, 2, 6], 'publish "o" { p: previous(mean(.v)), d: delta(mean(.v)) }'),
        steps("history in if", "", [1, 2, 3, 4, 5], 'publish "o" { x: if .v % 2 == 0 then previous(.v) else 0 }'),
        steps("history of time", "", [1, 2, 3], 'publish "o" { d: delta(time()), p: previous(time()), q: previous(.v + 1) }'),
        steps("history of texts", "", ["a", "b", "b", None, "b"], history),
        Case("step/history per captures", [f'rule r {{ from "t/{{k}}" {history} }}'],
             [line(t, f"t/{k}", {"v": v}) for t, k, v in ((0, "a", 1), (1, "b", 5), (2, "a", 2), (3, "b", 5), (4, "a", 2))]),
        Case("step/history per by", ['rule r { from "t/{k}" window last 9 by .g publish "o" { p: previous(.v), c: changed(.v) } }'],
             [line(t, f"t/{k}", {"v": v, "g": g}) for t, k, v, g in ((0, "a", 1, 1), (1, "b", 5, 1), (2, "a", 2, 2), (3, "b", 5, 1), (4, "a", 2, 2))]),
        steps("several wheres and lets", "let a = .v * 2 where a > 2 let b = a + 1 where b < 9", [1, 2, 3, 4, None], 'publish "o" { a, b }'),
        steps("where missing", "where .w", [1]),
        steps("where number", "where .v", [1, True, "true"]),
    ]


def cases() -> list[Case]:
    return alarms() + other_steps()
