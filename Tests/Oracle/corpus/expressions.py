"""Values: one expression over one payload, with the result worked out by hand."""

from __future__ import annotations

from oracle.cases import Case, line

# name, expression, payload as JSON text, the member `v` of the published object as JSON text
TABLE = r"""
int-add | .a + .b | {"a": 2, "b": 3} | 5
int-subtract | .a - .b | {"a": 2, "b": 3} | -1
int-multiply | .a * .b | {"a": -4, "b": 3} | -12
int-divide | .a / .b | {"a": 6, "b": 3} | 2.0
int-divide-fraction | .a / .b | {"a": 1, "b": 3} | 0.3333333333333333
int-remainder | .a % .b | {"a": 7, "b": 3} | 1
int-remainder-negative | .a % .b | {"a": -7, "b": 3} | -1
int-remainder-negative-divisor | .a % .b | {"a": 7, "b": -3} | 1
least-remainder | .a % .b | {"a": -9223372036854775808, "b": -1} | 0
double-remainder | .a % .b | {"a": 5.5, "b": 2} | 1.5
double-remainder-negative | .a % .b | {"a": -5.5, "b": 2.0} | -1.5
double-remainder-zero-sign | .a % .b | {"a": -4.0, "b": 2} | 0.0
mixed-add | .a + .b | {"a": 2, "b": 3.0} | 5.0
mixed-multiply | .a * .b | {"a": 2, "b": 0.5} | 1.0
add-overflow | .a + .b | {"a": 9223372036854775807, "b": 1} | 9.223372036854776e18
subtract-overflow | .a - .b | {"a": -9223372036854775808, "b": 1} | -9.223372036854776e18
multiply-overflow | .a * .b | {"a": 4611686018427387904, "b": 2} | 9.223372036854776e18
multiply-no-overflow | .a * .b | {"a": 4611686018427387904, "b": -2} | -9223372036854775808
minus-least | -.a | {"a": -9223372036854775808} | 9.223372036854776e18
minus-integer | -.a | {"a": 5} | -5
minus-double | -.a | {"a": 5.0} | -5.0
minus-minus | - -.a | {"a": 5} | 5
minus-zero | -.a | {"a": 0.0} | 0.0
minus-text | -.a | {"a": "5"} | null
least-literal | .a - -9223372036854775808 | {"a": -1} | 9223372036854775807
divide-by-zero | .a / .b | {"a": 1, "b": 0} | null
divide-by-zero-double | .a / .b | {"a": 1.0, "b": 0.0} | null
remainder-by-zero | .a % .b | {"a": 1, "b": 0} | null
remainder-by-zero-double | .a % .b | {"a": 1.5, "b": 0} | null
infinite | .a * .b | {"a": 1e308, "b": 10} | null
big-integer-passes | .a | {"a": 123456789012345678901234567890} | 123456789012345678901234567890
big-integer-in-list | [.a, .b ?? .a] | {"a": 18446744073709551616} | [18446744073709551616, 18446744073709551616]
big-integer-by-if | if .b then .a else 0 | {"a": 18446744073709551617, "b": true} | 18446744073709551617
big-integer-arithmetic | .a + 0 | {"a": 18446744073709551616} | 1.8446744073709552e19
big-integer-minus | -.a | {"a": 18446744073709551616} | -1.8446744073709552e19
literal-separators | 1_000_000 + .a | {"a": 1} | 1000001
literal-exponent | 1e-3 * .a | {"a": 1000} | 1.0
literal-exponent-double | 1e3 + .a | {"a": 0} | 1000.0
precedence-product | .a + .b * .c | {"a": 1, "b": 2, "c": 3} | 7
precedence-minus | -.a * .b | {"a": 2, "b": 3} | -6
precedence-left | .a - .b - .c | {"a": 10, "b": 3, "c": 2} | 5
precedence-divide | .a / .b / .c | {"a": 12, "b": 3, "c": 2} | 2.0
precedence-coalesce | .a ?? .b + .c | {"b": 2, "c": 3} | 5
precedence-coalesce-compare | .a ?? 5 > 3 | {} | true
precedence-not | not .a == .b | {"a": 1, "b": 2} | true
precedence-or-and | .a or .b and .c | {"a": true, "b": false, "c": false} | true
text-plus-number | .a + .b | {"a": "x", "b": 1} | null
text-plus-text | .a + .b | {"a": "x", "b": "y"} | null
boolean-plus | .a + .b | {"a": true, "b": 1} | null
missing-plus | .a + 1 | {} | null
null-plus | .a + 1 | {"a": null} | null
coalesce-null | .a ?? 7 | {"a": null} | 7
coalesce-false | .a ?? true | {"a": false} | false
coalesce-chain | .a ?? .b ?? 3 | {} | 3
and-false-missing | .a and .b | {"a": false} | false
and-missing-false | .a and .b | {"b": false} | false
and-true-missing | .a and .b | {"a": true} | null
or-true-missing | .b or .a | {"a": true} | true
or-false-missing | .a or .b | {"a": false} | null
not-missing | not .a | {} | null
not-number | not .a | {"a": 1} | null
and-number | .a and .b | {"a": 1, "b": false} | false
or-text | .a or .b | {"a": "true", "b": true} | true
if-missing | if .a then 1 else 2 | {} | 2
if-number | if .a then 1 else 2 | {"a": 1} | 2
if-chain | if .a > 9 then "high" else if .a > 5 then "middle" else "low" | {"a": 7} | "middle"
equal-kinds | .a == .b | {"a": 1, "b": 1.0} | true
equal-text-number | .a == .b | {"a": 1, "b": "1"} | false
unequal-text-number | .a != .b | {"a": 1, "b": "1"} | true
equal-boolean-number | .a == .b | {"a": 1, "b": true} | false
equal-missing | .a == .b | {"a": 1} | null
unequal-missing | .a != .b | {"a": 1} | null
equal-both-missing | .a == .b | {} | null
equal-lists | .a == .b | {"a": [1, "x", [2.0]], "b": [1.0, "x", [2]]} | true
unequal-lists | .a == .b | {"a": [1, 2], "b": [2, 1]} | false
unequal-list-lengths | .a == .b | {"a": [1, 2], "b": [1, 2, 3]} | false
equal-objects | .a == .b | {"a": {"x": 1, "y": 2}, "b": {"y": 2.0, "x": 1}} | true
unequal-objects | .a == .b | {"a": {"x": 1}, "b": {"y": 1}} | false
less-kinds | .a < .b | {"a": 1, "b": 1.5} | true
less-text | .a < .b | {"a": "B", "b": "a"} | true
less-text-prefix | .a < .b | {"a": "ab", "b": "abc"} | true
less-text-scalars | .a < .b | {"a": "\uffee", "b": "\ud83d\ude00"} | true
less-text-number | .a < .b | {"a": "1", "b": 2} | null
less-booleans | .a < .b | {"a": false, "b": true} | null
less-lists | .a < .b | {"a": [1], "b": [2]} | null
exact-compare | .a < .b | {"a": 9007199254740992.0, "b": 9007199254740993} | true
exact-equal | .a == .b | {"a": 9007199254740992.0, "b": 9007199254740993} | false
exact-limit | .a > .b | {"a": 9223372036854775808.0, "b": 9223372036854775807} | true
zero-equal | .a == .b | {"a": -0.0, "b": 0} | true
between-inside | .a between 1 and 5 | {"a": 3} | true
between-low | .a between 1 and 5 | {"a": 1} | true
between-high | .a between 1 and 5 | {"a": 5.0} | true
between-outside | .a between 1 and 5 | {"a": 5.1} | false
between-swapped | .a between .h and .l | {"a": 3, "l": 1, "h": 5} | false
between-missing | .a between 1 and 5 | {} | null
between-and | .a between 1 and 5 and .b | {"a": 3, "b": true} | true
between-text | .a between "a" and "c" | {"a": "bb"} | true
in-number | .a in [1, 2, 3] | {"a": 2.0} | true
in-no | .a in [1, 2, 3] | {"a": 4} | false
in-text | .a in ["x", "y"] | {"a": "y"} | true
in-types | .a in ["1", true] | {"a": 1} | false
in-missing | .a in [1] | {} | null
in-missing-element | .a in [.b, 1] | {"a": 2} | null
in-missing-element-found | .a in [.b, 2] | {"a": 2} | true
not-in | .a not in [1, 2] | {"a": 3} | true
in-payload-list | .a in .l | {"a": 3, "l": [1, 3]} | true
in-no-list | .a in .l | {"a": 3, "l": 3} | null
path-deep | .a.b.c | {"a": {"b": {"c": 1}}} | 1
path-missing | .a.b.c | {"a": {"b": 5}} | null
path-index | .a[1].b | {"a": [0, {"b": "x"}]} | "x"
path-index-last | .a[2] | {"a": [1, 2]} | null
path-index-field | .a[.i] | {"a": [1, 2], "i": 1} | 2
path-index-negative | .a[.i] | {"a": [1, 2], "i": -1} | null
path-index-fraction | .a[.i] | {"a": [1, 2], "i": 0.5} | null
path-key | .a["b c"] | {"a": {"b c": 4}} | 4
path-key-text | .a."b c".d | {"a": {"b c": {"d": 4}}} | 4
path-key-field | .a[.k] | {"a": {"x": 4}, "k": "x"} | 4
path-odd-first | ."odd key" | {"odd key": 4} | 4
path-reserved | .from + .where | {"from": 1, "where": 2} | 3
path-whole | . | {"a": [1, null, "x"]} | {"a": [1, null, "x"]}
path-escaped-member | .a | {"\u0061": 7} | 7
path-repeated-member | .a | {"a": 1, "a": 2} | 2
path-let-field | (if .b then .x else .y).z | {"b": true, "x": {"z": 8}} | 8
list-missing | [.a, 1] | {} | [null, 1]
list-trailing-comma | [1, .a,] | {"a": 2} | [1, 2]
object-nested | { a: .a, "b c": { d: [.a] } } | {"a": 1} | {"a": 1, "b c": {"d": [1]}}
object-index | { a: 1, b: .a }.b | {"a": 5} | 5
number-shortest | .a | {"a": 0.1} | 0.1
number-shortest-sum | .a + .b | {"a": 0.1, "b": 0.2} | 0.30000000000000004
number-whole-double | .a | {"a": 10.0} | 10.0
number-exponent-is-double | .a | {"a": 1e2} | 100.0
number-tiny | .a * 1.0 | {"a": 5e-324} | 5e-324
number-big | .a * 1.0 | {"a": 1.7976931348623157e308} | 1.7976931348623157e308
number-negative-zero | .a | {"a": -0.0} | 0.0
number-negative-zero-product | .a * .b | {"a": -1, "b": 0.0} | 0.0
number-exponent-16 | .a + 0.0 | {"a": 1e16} | 1e16
number-small-exponent | .a + 0.0 | {"a": 0.00001} | 1e-5
abs-integer | abs(.a) | {"a": -5} | 5
abs-double | abs(.a) | {"a": -5.0} | 5.0
abs-least | abs(.a) | {"a": -9223372036854775808} | 9.223372036854776e18
abs-text | abs(.a) | {"a": "5"} | null
ceil-double | ceil(.a) | {"a": 1.2} | 2.0
ceil-negative | ceil(.a) | {"a": -0.5} | 0.0
ceil-integer | ceil(.a) | {"a": 3} | 3
floor-negative | floor(.a) | {"a": -1.2} | -2.0
sign-integer | sign(.a) | {"a": -9} | -1
sign-double | sign(.a) | {"a": 0.25} | 1.0
sign-zero | sign(.a) | {"a": 0.0} | 0.0
round-half | round(.a) | {"a": 2.5} | 3.0
round-half-negative | round(.a) | {"a": -2.5} | -3.0
round-integer | round(.a) | {"a": 25} | 25
round-digits | round(.a, 2) | {"a": 2.675} | 2.67
round-digits-exact-half | round(.a, 2) | {"a": 0.125} | 0.13
round-negative-digits | round(.a, -1) | {"a": 25} | 30
round-negative-digits-double | round(.a, -2) | {"a": 149.99} | 100.0
round-named | round(.a, digits: 1) | {"a": 0.25} | 0.3
round-below-half | round(.a) | {"a": 0.49999999999999994} | 0.0
round-many-digits | round(.a, 15) | {"a": 0.1} | 0.1
round-big | round(.a, 3) | {"a": 1e300} | 1e300
round-to-zero | round(.a) | {"a": -0.2} | 0.0
sqrt | sqrt(.a) | {"a": 16} | 4.0
sqrt-negative | sqrt(.a) | {"a": -1} | null
exp-zero | exp(.a) | {"a": 0} | 1.0
exp-overflow | exp(.a) | {"a": 1000} | null
ln-one | ln(.a) | {"a": 1} | 0.0
ln-zero | ln(.a) | {"a": 0} | null
log10 | log10(.a) | {"a": 1000} | 3.0
pow-integers | pow(.a, .b) | {"a": 2, "b": 10} | 1024.0
pow-negative-root | pow(.a, .b) | {"a": -8, "b": 0.5} | null
pow-zero | pow(.a, .b) | {"a": 0, "b": -1} | null
sin-zero | sin(.a) | {"a": 0} | 0.0
cos-zero | cos(.a) | {"a": 0} | 1.0
least-kinds | least(.a, .b, .c) | {"a": 3, "b": 2.5, "c": 4} | 2.5
greatest-kinds | greatest(.a, .b, .c) | {"a": 3, "b": 2.5, "c": 4} | 4
least-missing | least(.a, .b) | {"a": 3} | null
greatest-wrong | greatest(.a, .b) | {"a": 3, "b": "4"} | null
clamp-low | clamp(.a, 0, 10) | {"a": -5} | 0
clamp-high | clamp(.a, 0, 10) | {"a": 10.5} | 10
clamp-inside | clamp(.a, 0, 10) | {"a": 4.5} | 4.5
exists-yes | exists(.a) | {"a": 0} | true
exists-null | exists(.a) | {"a": null} | false
exists-computed | exists(.a / .b) | {"a": 1, "b": 0} | false
length-text | length(.a) | {"a": "äöü"} | 3
length-scalars | length(.a) | {"a": "\ud83d\ude00e\u0301"} | 3
length-list | length(.a) | {"a": [1, null, 3]} | 3
length-empty | length(.a) | {"a": ""} | 0
length-number | length(.a) | {"a": 5} | null
lower | lower(.a) | {"a": "ÄbC"} | "äbc"
upper | upper(.a) | {"a": "äbC"} | "ÄBC"
trim | trim(.a) | {"a": " \t\u00a0x y\u2003\n"} | "x y"
contains | contains(.a, "b") | {"a": "abc"} | true
contains-empty | contains(.a, .b) | {"a": "abc", "b": ""} | true
contains-no | contains(.a, "d") | {"a": "abc"} | false
contains-number | contains(.a, "1") | {"a": 1} | null
starts | starts_with(.a, "ab") | {"a": "abc"} | true
ends | ends_with(.a, "bc") | {"a": "abc"} | true
ends-no | ends_with(.a, "abcd") | {"a": "abc"} | false
matches-anywhere | matches(.a, "b+") | {"a": "abbc"} | true
matches-anchored | matches(.a, '^\d{3}$') | {"a": "123"} | true
matches-anchored-no | matches(.a, '^\d{3}$') | {"a": "1234"} | false
matches-class | matches(.a, '[^a-c]') | {"a": "abc"} | false
matches-alternative | matches(.a, '^(on|off)$') | {"a": "off"} | true
matches-case | matches(.a, '(?i)^ERR') | {"a": "error"} | true
matches-number | matches(.a, '1') | {"a": 1} | null
substring | substring(.a, 1, 2) | {"a": "abcd"} | "bc"
substring-past | substring(.a, 2, 9) | {"a": "abcd"} | "cd"
substring-outside | substring(.a, 9, 2) | {"a": "abcd"} | ""
substring-negative | substring(.a, .n, 2) | {"a": "abcd", "n": -1} | null
substring-scalars | substring(.a, 1, 1) | {"a": "ä\ud83d\ude00b"} | "\ud83d\ude00"
split | split(.a, ",") | {"a": "a,,b,"} | ["a", "", "b", ""]
split-index | split(.a, "-")[1] | {"a": "x-y-z"} | "y"
split-empty-text | split(.a, ",") | {"a": ""} | [""]
split-empty-separator | split(.a, .b) | {"a": "abc", "b": ""} | null
number-of-integer-text | number(.a) | {"a": "42"} | 42
number-of-double-text | number(.a) | {"a": " 4.50\n"} | 4.5
number-of-exponent | number(.a) | {"a": "-1E+2"} | -100.0
number-of-plus | number(.a) | {"a": "+1"} | null
number-of-leading-zero | number(.a) | {"a": "01"} | null
number-of-point | number(.a) | {"a": ".5"} | null
number-of-empty | number(.a) | {"a": ""} | null
number-of-infinity | number(.a) | {"a": "1e999"} | null
number-of-big | number(.a) | {"a": "18446744073709551616"} | 18446744073709551616
number-of-number | number(.a) | {"a": 4.0} | 4.0
text-of-number | text(.a) | {"a": 4.0} | "4.0"
text-of-integer | text(.a) | {"a": -4} | "-4"
text-of-boolean | text(.a) | {"a": true} | "true"
text-of-text | text(.a) | {"a": "x"} | "x"
text-of-missing | text(.a) | {} | null
boolean-of-text | boolean(.a) | {"a": "true"} | true
boolean-of-other-text | boolean(.a) | {"a": "yes"} | null
boolean-of-boolean | boolean(.a) | {"a": false} | false
hour | hour(time()) | {} | 5
weekday | weekday(time()) | {} | 4
time-as-milliseconds | time() | {} | 20000000
time-plus | time() + 1.5s | {} | 20001500
time-minus | time() - 1d | {} | -66400000
time-difference | (time() + 250ms) - time() | {} | 0.25
time-before-epoch | time() - 20000000.5ms | {} | -1
duration-published | 1.5h | {} | 5400.0
duration-times | 10s * .a | {"a": 3} | 30.0
duration-divided | 10s / .a | {"a": 4} | 2.5
duration-ratio | 1m / 8s | {} | 7.5
duration-sum | 1m + 500ms | {} | 60.5
duration-minus | -(1m) | {} | -60.0
duration-compare | 90s > 1m and .a | {"a": true} | true
text-interpolated | "a{.a}b{.b}c" | {"a": 1, "b": "x"} | "a1bxc"
text-interpolated-double | "{.a}" | {"a": 2.0} | "2.0"
text-interpolated-missing | "a{.a}" | {} | null
text-interpolated-default | "a{.a ?? "none"}" | {} | "anone"
text-interpolated-boolean | "{.a}" | {"a": true} | "true"
text-interpolated-duration | "{90s}{.a}" | {"a": 1} | "90.01"
text-escapes | "q\"b\\n\nt\tu\u{20AC}\u{1F600}c\{d}{.a}" | {"a": 1} | "q\"b\\n\nt\tu€😀c{d}1"
text-brace | "a}b{.a}" | {"a": 1} | "a}b1"
text-raw | 'a{b}\n' | {} | "a{b}\\n"
text-nested | "x{"y{"z{.a}"}"}" | {"a": 1} | "xyz1"
text-control | .a | {"a": "\u0001\u007f\u2028"} | "\u0001\u007f\u2028"
comparison-in-object | { b: .a > 1, c: .a == 1 } | {"a": 1} | {"b": false, "c": true}
error-function | error(.a, .b) | {"a": [1, 2, 3], "b": [1, 4, 4]} | 1.6666666666666667
error-lengths | error(.a, .b) | {"a": [1, 2], "b": [1]} | null
"""


def cases() -> list[Case]:
    out = []
    for row in TABLE.strip().splitlines():
        name, expression, payload, expected = (part.strip() for part in row.split(" | "))
        source = f'rule r {{ from "t" publish "o" {{ v: {expression} }} }}'
        out.append(Case("value/" + name, [source], [line(20_000_000, "t", raw=payload)], expected=[f'{{"v": {expected}}}']))
    return out
