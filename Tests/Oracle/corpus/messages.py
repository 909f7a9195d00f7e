"""Sources, decoding, facts of messages, publishing, rules that feed rules, and recordings."""

from __future__ import annotations

from typing import Any

from oracle.cases import Case, line


def case(name: str, rules: str | list[str], *lines: str, **more: Any) -> Case:
    return Case("message/" + name, [rules] if isinstance(rules, str) else rules, list(lines), **more)


def topics() -> list[Case]:
    names = ["s/a", "s/a/b", "s", "s/", "s//b", "/s", "$s/a", "$SYS/x/y", "s/a/b/c", "x", "t/a", "S/a", "ü/a"]
    patterns = ["s/{a}", "s/+", "s/#", "{a}/#", "#", "+/{a}", "s/{a...}", "{a...}", "{a}/{b...}", "s/{a}/{b}", "$s/{a}", "$SYS/#", "s/{a}/#", "ü/{a}", "+/+/+"]
    out = []
    for pattern in patterns:
        captures = [level.strip("{}.") for level in pattern.split("/") if level.startswith("{")]
        body = ", ".join(["t: topic()", *captures])
        out.append(case("topic " + pattern, f'rule r {{ from "{pattern}" publish "/o" {{ {body} }} }}'.replace('"/o"', '"out/o"') if pattern not in ("#", "{a...}", "{a}/#", "+/{a}", "{a}/{b...}") else
                        f'rule r {{ from "{pattern}" publish "$o/x" {{ {body} }} }}',
                        *(line(place, name, {}) for place, name in enumerate(names))))
    return out


def payloads() -> list[Case]:
    nested = "[" * 64 + "]" * 64
    texts = [
        '{"v":1}', '{"v":1} ', ' {"v" : 1}', '{"v":1}x', '{"v":1,}', '{"v":01}', '{"v":1.}', '{"v":.5}', '{"v":+1}', '{"v":1e5}',
        '{"v":1E400}', '{"v":-1e400}', '{"v":NaN}', '{"v":tru}', '{"v":true}', '{v:1}', "{'v':1}", "", " ", "null",
        "5", '"x"', "[1]", '{"v":"\t"}', '{"v":"\\u00e4\\ud83d\\ude00"}', '{"v":"\\x"}', '{"v":"\\u12g4"}', '{"v":1,"v":2}',
        '{"v":{"v":3},"v":null}', nested, "[" + nested + "]", '{"v":1 "w":2}', '{"v":1,"w":[1,2}', '{"v":[1,]}', '{"w":1}',
        '{"v":123456789012345678901234567890}', '{"v":-9223372036854775809}', '{"v":9223372036854775807}', '{"v":-0}', '{"v":-0.0}',
        '{"v":0.1e1}', '{"v":100000000000000000000.0}', '\ufeff{"v":1}', '{"v":1}\n', '{"v":"a\\/b"}', '{"":{"":1}}',
    ]
    lines = [line(place * 61_000, "t", payload_text=text) for place, text in enumerate(texts)]
    numbers = ["5", " 5\n", "5.0", "-0", "-0.0", "+5", "05", "1e3", "x", "", "5 6", "0x5", "1_000", "NaN", "1e999", "18446744073709551616", '"5"', "null", "1."]
    number_lines = [line(place, "t", payload_text=text) for place, text in enumerate(numbers)]
    return [
        case("json", 'rule r { from "t" publish "o" { v: .v, all: . } }', *lines),
        case("json forwarded", 'rule r { from "t" publish "o" }', *lines),
        case("json errors", 'rule r { from "t" publish "o" { v: .v } }', *lines, options=["--engine-topics"]),
        case("errors once a minute", 'rule r { from "t/{k}" publish "o" { v: .v } } rule q { from "t/a" as number publish "p" { v: . } }',
             *(line(t, f"t/{k}", payload_text="x") for t, k in ((0, "a"), (59_999, "b"), (60_000, "b"), (60_001, "a"), (119_999, "a"), (180_000, "b"))),
             options=["--engine-topics"]),
        case("number", 'rule r { from "t" as number publish "o" { v: ., w: . + 1 } }', *number_lines),
        case("number forwarded", 'rule r { from "t" as number where . > 0 publish "o" }', *number_lines),
        case("text", 'rule r { from "t" as text publish "o" { v: ., n: number(.), l: length(.) } }', *number_lines),
        case("text published", 'rule r { from "t" as text publish "o" payload . }', *number_lines),
        case("bytes forwarded", 'rule r { from "t" as bytes publish "o" }', *number_lines),
        case("bytes published", 'rule r { from "t" as bytes publish "o" payload . }', *number_lines),
        case("payload of JSON kinds", 'rule r { from "t" publish "o" payload .v publish "p" payload [.v] publish "q" payload { v: .v } }',
             *(line(place, "t", {"v": value}) for place, value in enumerate([1, 1.5, "x", "5", "", True, None, [1], {"a": None}, "{", '{"a": 1}']))),
        case("payload of text", 'rule r { from "t" publish "o" payload "v={.v}" }', line(0, "t", {"v": 1}), line(1, "t", {})),
        case("payload of time", 'rule r { from "t" publish "o" payload time() publish "p" payload 90s publish "q" payload "{time()}" }', line(1500, "t", {})),
        case("raw kept", 'rule r { from "t" publish "o" }', line(0, "t", raw='{ "a" : 1.50, "b":[1 , 2] , "a":1E2}'), line(1, "t", raw='"x"'), line(2, "t", raw="5.00")),
        case("exact numbers kept", 'rule r { from "t" let x = .v publish "o" { a: .v, b: x, c: [x], d: x ?? 0, e: "{x}", f: text(x) } }',
             *(line(place, "t", raw=f'{{"v": {text}}}') for place, text in enumerate(("1", "1.0", "100", "1e2", "18446744073709551615", "-18446744073709551616", "0.1", "123456.789")))),
        case("schema", 'rule r { from "t" { v: number, s: text, b: boolean, l: list, o: object } publish "o" { v: .v, s: .s, b: .b, l: .l, o: .o } }',
             *(line(place, "t", raw=text) for place, text in enumerate((
                 "{}", '{"v":1}', '{"v":"1"}', '{"v":null}', '{"s":"x"}', '{"s":1}', '{"b":true}', '{"b":0}', '{"l":[]}', '{"l":{}}',
                 '{"o":{}}', '{"o":[]}', "[]", "5", "null", '{"z":1,"v":2}', '{"v":"x","v":2}')))),
        case("schema times", 'rule r { from "t" { a: time s, b: time, c: time us, d: time ns } publish "o" { a: .a, b: .b, c: .c, d: .d, e: .b - .a } }',
             *(line(place, "t", raw=text) for place, text in enumerate((
                 '{"a":1,"b":1500}', '{"a":1.5,"b":1999.9}', '{"c":1999,"d":1999999}', '{"a":"1970-01-01T00:00:01.5Z","b":"1970-01-01 00:00:02"}',
                 '{"a":"x"}', '{"a":true}', '{"b":-1}', '{"c":-1}')))),
        case("schema and at", 'rule r { from "t" { ts: time s } at .ts publish "o" { t: time() } }', line(9_000_000, "t", {"ts": 5}), line(9_000_000, "t", {"ts": "1970-01-01T00:00:07Z"}), line(9_000_000, "t", {})),
        case("two sources", 'rule r { from "a/{k}" as number, "b/{k}", "b/{k}" as text publish "o" { k, v: . } }',
             line(0, "a/1", payload_text="5"), line(1, "b/2", {"v": 1}), line(2, "a/3", payload_text="x"), line(3, "b/4", payload_text="x")),
        case("overlapping sources", 'rule r { from "a/{k}", "{k}/b" publish "$o" { k } }', line(0, "a/b", {}), line(1, "a/c", {}), line(2, "c/b", {})),
    ]


def facts() -> list[Case]:
    body = '{ q: qos(), r: retained(), c: client(), p: property("site"), x: property("none"), a: arrived(), n: now(), t: time(), s: topic() }'
    lines = [
        line(5, "t", {}), line(6, "t", {}, qos=2), line(7, "t", {}, client="c1"), line(8, "t", {}, properties={"site": "x", "y": "z"}),
        line(9, "t", {}, retained=True), line(10, "t", {}, retained=False, qos=1),
    ]
    return [
        case("facts", f'rule r {{ from "t" publish "o" {body} }}', *lines),
        case("retained are no events", 'rule r { from "t" publish "o" { q: qos() } }', *lines),
        case("retained in where", 'rule r { from "t" where not retained() publish "o" { q: qos() } }', *lines),
        case("facts in aggregates", 'rule r { from "t" window every 1s publish "o" { q: collect(qos()), c: last(client()), a: max(arrived()) } }', *lines),
        case("client in topic", 'rule r { from "t" publish "o/{client() ?? "nobody"}" { q: qos() } }', *lines),
    ]


def publishing() -> list[Case]:
    bad = [line(place, "t", {"k": k}) for place, k in enumerate(("a", "", "a/b", "+", "#", "a+", "a\0", None, 5, 1.5, True, [1], "ü"))]
    return [
        case("topics", 'rule r { from "t" publish "o/{.k}" { k: .k } publish "p" { k: .k } }', *bad),
        case("topic of a value", 'rule r { from "t" publish "{.k}x" { k: .k } publish "p" {} }', *[b for b in bad]),
        case("options", 'rule r { from "t" publish "a" qos 0 {} publish "b" qos 2 retain {} publish "c" retain expires 1h qos 1 {} publish "d" {} }', line(0, "t", {})),
        case("members", 'let lim = 5 rule r { from "t/{k}" let x = .v publish "o" { k, x, lim, "a b": 1, v: .v, from: 2, } }', line(0, "t/1", {"v": 1}), line(1, "t/2", {})),
        case("order of files", ['rule b { from "t" publish "ob" {} }', 'rule a { from "t" publish "oa" {} } rule c { from "t" publish "oc" {} }'], line(0, "t", {}), line(0, "t", {})),
        case("chain", 'rule a { from "t" publish "x" { v: .v + 1 } publish "y" { v: .v } } rule b { from "x" publish "z" { v: .v * 10 } } '
             'rule c { from "t" publish "w" { v: .v } } rule d { from "z" publish "e" { v: .v, q: qos(), c: client(), a: arrived() } }',
             line(10, "t", {"v": 1}, client="c"), line(20, "x", {"v": 5}), line(30, "z", {"v": 5}, qos=2, client="c")),
        case("chain backwards", 'rule b { from "x" publish "z" { v: .v * 10 } } rule a { from "t" publish "x" { v: .v + 1 } publish "y" {} }', line(10, "t", {"v": 1})),
        case("windows feed windows", 'rule a { from "t" window every 1s publish "x" { n: count() } } '
             'rule b { from "x" window every 2s publish "y" { n: sum(.n), c: count() } } rule c { from "x" window session 1s publish "z" { n: count() } }',
             *(line(t, "t", {}) for t in (0, 500, 1000, 1999, 2000, 3500, 7000))),
        case("text into JSON", 'rule a { from "t" publish "x" payload "{.v}" } rule b { from "x" as number publish "y" { v: . } } rule c { from "x" publish "z" { v: . } }',
             line(0, "t", {"v": 1.5}), line(1, "t", {"v": "abc"})),
        case("chain with at", 'rule a { from "t" publish "x" { v: .v } } rule b { from "x" at .v window every 1s publish "y" { n: count(), t: time(), w: now() } }',
             *(line(1000 + t, "t", {"v": v}) for t, v in enumerate((100, 200, 1200, 900, 3000)))),
    ]


def recordings() -> list[Case]:
    table = 'ts,id,value,note\n1000,a,1.5,x\n2000,b,-3,"q ""u"", c"\n3000,a,,\n4000,,7,01\n"5000",a,1e3,true\n1970-01-01T00:00:06Z,b,5," 6"\n1970-01-01 00:00:07,c,18446744073709551616,\u00e4\n'
    every = 'rule r { from "s/{id}" publish "o/{id}" { v: .value, n: .note, i: .id } }'
    window = 'rule r { from "s/{id}" window every 3s by id publish "o/{id}" { n: count(), m: mean(.value) } }'
    return [
        case("csv", every.replace("/{id}\" {", '" {').replace("o/{id}", "o"), csv=table, table=("s/{id}", "ts")),
        case("csv windows", window, csv=table.replace(",,7", ",d,7"), table=("s/{id}", "ts")),
        case("csv CRLF", window, csv=table.replace(",,7", ",d,7").replace("\n", "\r\n"), table=("s/{id}", "ts")),
        case("csv without captures", 'rule r { from "s" publish "o" { v: .value, i: .id, t: .ts } }', csv=table, table=("s", "ts")),
    ]


def cases() -> list[Case]:
    return topics() + payloads() + facts() + publishing() + recordings()
