import RuleLanguage
import Testing

/// A source and exactly what is said about it.
struct GoldenDiagnostic: Sendable, CustomTestStringConvertible {
    var code: String
    var title: String
    var source: String
    var expected: String

    var testDescription: String { "\(code) \(title)" }
}

extension GoldenDiagnostic {
    static let all: [GoldenDiagnostic] = [
        GoldenDiagnostic(
            code: "E0101", title: "a sign that the language does not use",
            source: #"""
                rule r {
                  from "t"; publish "u"
                }
                """#,
            expected: #"""
                error[E0101]: unexpected character `;`
                  --> rules/spike.rules:2:11
                   |
                 2 |   from "t"; publish "u"
                   |           ^ no sign ends a clause: leave it out
                """#),
        GoldenDiagnostic(
            code: "E0101", title: "typographic quotes",
            source: #"""
                rule r { from “t” publish "u" }
                """#,
            expected: #"""
                error[E0101]: unexpected character `“`
                  --> rules/spike.rules:1:15
                   |
                 1 | rule r { from “t” publish "u" }
                   |               ^ write a straight quote: `"`
                """#),
        GoldenDiagnostic(
            code: "E0102", title: "text without an end",
            source: #"""
                rule r {
                  from "t
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0102]: this text does not end on its line
                  --> rules/spike.rules:2:8
                   |
                 2 |   from "t
                   |        ^ put `"` at its end; `\n` stands for a line end
                """#),
        GoldenDiagnostic(
            code: "E0102", title: "raw text without an end",
            source: #"""
                rule r {
                  from "t"
                  where matches(.x, 'ab)
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0102]: this text does not end on its line
                  --> rules/spike.rules:3:21
                   |
                 3 |   where matches(.x, 'ab)
                   |                     ^ put `'` at its end
                """#),
        GoldenDiagnostic(
            code: "E0103", title: "unknown escape",
            source: #"""
                rule r { from "t" where matches(.x, "\d+") publish "u" }
                """#,
            expected: #"""
                error[E0103]: unknown escape `\d`
                  --> rules/spike.rules:1:38
                   |
                 1 | rule r { from "t" where matches(.x, "\d+") publish "u" }
                   |                                      ^^ write `\\` for a backslash, or the text in single quotes
                """#),
        GoldenDiagnostic(
            code: "E0103", title: "code point",
            source: #"""
                rule r { from "t" publish "u" { a: "\u{110000}" } }
                """#,
            expected: #"""
                error[E0103]: this is no Unicode scalar
                  --> rules/spike.rules:1:37
                   |
                 1 | rule r { from "t" publish "u" { a: "\u{110000}" } }
                   |                                     ^^^^^^^^^ write `\u{…}` with one to six hexadecimal digits
                """#),
        GoldenDiagnostic(
            code: "E0104", title: "integer beyond 64 bits",
            source: #"""
                rule r { from "t" where .x > 9223372036854775808 publish "u" }
                """#,
            expected: #"""
                error[E0104]: this integer needs more than 64 bits
                  --> rules/spike.rules:1:30
                   |
                 1 | rule r { from "t" where .x > 9223372036854775808 publish "u" }
                   |                              ^^^^^^^^^^^^^^^^^^^ write it with `.0` for a double
                """#),
        GoldenDiagnostic(
            code: "E0104", title: "number without a digit before the dot",
            source: #"""
                rule r { from "t" where .x > .5 publish "u" }
                """#,
            expected: #"""
                error[E0104]: a number does not begin with a dot
                  --> rules/spike.rules:1:30
                   |
                 1 | rule r { from "t" where .x > .5 publish "u" }
                   |                              ^^ write `0.5`
                """#),
        GoldenDiagnostic(
            code: "E0104", title: "duration too long",
            source: #"""
                rule r { from "t" window last 300000d publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0104]: this duration can't be kept
                  --> rules/spike.rules:1:31
                   |
                 1 | rule r { from "t" window last 300000d publish "u" { n: count() } }
                   |                               ^^^^^^^ write a number up to about 292 years, without exponent
                """#),
        GoldenDiagnostic(
            code: "E0105", title: "unknown unit",
            source: #"""
                rule r { from "t" window last 5min publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0105]: unknown unit `min`
                  --> rules/spike.rules:1:32
                   |
                 1 | rule r { from "t" window last 5min publish "u" { n: count() } }
                   |                                ^^^ write `5m`
                """#),
        GoldenDiagnostic(
            code: "E0105", title: "two units",
            source: #"""
                rule r { from "t" window last 1m30s publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0105]: unknown unit `m30s`
                  --> rules/spike.rules:1:32
                   |
                 1 | rule r { from "t" window last 1m30s publish "u" { n: count() } }
                   |                                ^^^^ a duration is one number with one unit: `90s` in place of `1m30s`
                """#),
        GoldenDiagnostic(
            code: "E0106", title: "empty interpolation",
            source: #"""
                rule r { from "t/{x}" publish "u/{}" }
                """#,
            expected: #"""
                error[E0106]: `{}` in a text is empty
                  --> rules/spike.rules:1:34
                   |
                 1 | rule r { from "t/{x}" publish "u/{}" }
                   |                                  ^^ put a name or expression in it, or write `\{` for a brace
                """#),
        GoldenDiagnostic(
            code: "E0106", title: "interpolation without an end",
            source: #"""
                rule r { from "t/{x}" publish "u/{x" }
                """#,
            expected: #"""
                error[E0106]: no `}` closes this `{` on its line
                  --> rules/spike.rules:1:34
                   |
                 1 | rule r { from "t/{x}" publish "u/{x" }
                   |                                  ^ write `\{` for a brace that is meant as such
                """#),
        GoldenDiagnostic(
            code: "E0107", title: "operators of other languages",
            source: #"""
                rule r {
                  from "t"
                  where .a && !.b
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0107]: `&&` is not used here
                  --> rules/spike.rules:3:12
                   |
                 3 |   where .a && !.b
                   |            ^^ write `and`

                error[E0107]: `!` is not used here
                  --> rules/spike.rules:3:15
                   |
                 3 |   where .a && !.b
                   |               ^ write `not`
                """#),
        GoldenDiagnostic(
            code: "E0107", title: "single equals sign",
            source: #"""
                rule r { from "t" where .a = 3 publish "u" }
                """#,
            expected: #"""
                error[E0107]: `=` does not compare
                  --> rules/spike.rules:1:28
                   |
                 1 | rule r { from "t" where .a = 3 publish "u" }
                   |                            ^ write `==`
                """#),
        GoldenDiagnostic(
            code: "E0110", title: "misspelt clause",
            source: #"""
                rule r {
                  form "t"
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0110]: expected a clause or `}`, found `form`
                  --> rules/spike.rules:2:3
                   |
                 2 |   form "t"
                   |   ^^^^ did you mean `from`?
                """#),
        GoldenDiagnostic(
            code: "E0110", title: "unit missing",
            source: #"""
                rule r { from "t" window every 5 publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0110]: expected `events` after the number, found `publish`
                  --> rules/spike.rules:1:34
                   |
                 1 | rule r { from "t" window every 5 publish "u" { n: count() } }
                   |                                  ^^^^^^^ write `every 5 events`, or a duration such as `every 5s`
                """#),
        GoldenDiagnostic(
            code: "E0110", title: "if without else",
            source: #"""
                rule r { from "t" let a = if .x > 1 then 2 publish "u" { a } }
                """#,
            expected: #"""
                error[E0110]: expected `else`, found `publish`
                  --> rules/spike.rules:1:44
                   |
                 1 | rule r { from "t" let a = if .x > 1 then 2 publish "u" { a } }
                   |                                            ^^^^^^^ an `if` always has an `else`; write `else missing` if there is no other value
                """#),
        GoldenDiagnostic(
            code: "E0110", title: "member without name",
            source: #"""
                rule r { from "t" publish "u" { .v } }
                """#,
            expected: #"""
                error[E0110]: expected a member such as `name: value`, found `.`
                  --> rules/spike.rules:1:33
                   |
                 1 | rule r { from "t" publish "u" { .v } }
                   |                                 ^ give it a name: `value: .value`
                """#),
        GoldenDiagnostic(
            code: "E0110", title: "several mistakes in one run",
            source: #"""
                rule a { from "t" window last publish "u" }
                rule b { from "t" where publish "u" }
                rule c { from "t" limit 1 per 5 publish "u" }
                """#,
            expected: #"""
                error[E0110]: expected a duration (the length of the window) such as `10s`, found `publish`
                  --> rules/spike.rules:1:31
                   |
                 1 | rule a { from "t" window last publish "u" }
                   |                               ^^^^^^^

                error[E0110]: expected a value, found `publish`
                  --> rules/spike.rules:2:25
                   |
                 2 | rule b { from "t" where publish "u" }
                   |                         ^^^^^^^

                error[E0110]: expected a duration (the period), found `5`
                  --> rules/spike.rules:3:31
                   |
                 3 | rule c { from "t" limit 1 per 5 publish "u" }
                   |                               ^ give it a unit: `5s`, `5m` or `5h`
                """#),
        GoldenDiagnostic(
            code: "E0111", title: "where below window",
            source: #"""
                rule r {
                  from "t/{x}"
                  window last 10 by x
                  where .a > 3
                  publish "u" { n: count() }
                }
                """#,
            expected: #"""
                error[E0111]: `where` stands below `window`, it belongs above it
                  --> rules/spike.rules:4:3
                   |
                 4 |   where .a > 3
                   |   ^^^^^ `where` chooses events, above `window`; `when` tests the result of a window
                """#),
        GoldenDiagnostic(
            code: "E0112", title: "two conditions",
            source: #"""
                rule r {
                  from "t"
                  when .a > 1
                  when .b > 1
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0112]: `when` is written twice in one rule
                  --> rules/spike.rules:4:3
                   |
                 4 |   when .b > 1
                   |   ^^^^ join the conditions with `and`
                """#),
        GoldenDiagnostic(
            code: "E0113", title: "no from",
            source: #"""
                rule r { publish "u" { a: 1 } }
                """#,
            expected: #"""
                error[E0113]: rule `r` has no `from`
                  --> rules/spike.rules:1:6
                   |
                 1 | rule r { publish "u" { a: 1 } }
                   |      ^ add `from "topic/{name}"` as its first clause
                """#),
        GoldenDiagnostic(
            code: "E0113", title: "no publish",
            source: #"""
                rule r { from "t" }
                """#,
            expected: #"""
                error[E0113]: rule `r` has no `publish`
                  --> rules/spike.rules:1:6
                   |
                 1 | rule r { from "t" }
                   |      ^ add `publish "topic" { … }` as its last clause
                """#),
        GoldenDiagnostic(
            code: "E0114", title: "chained comparison",
            source: #"""
                rule r { from "t" where 1 < .x < 5 publish "u" }
                """#,
            expected: #"""
                error[E0114]: comparisons do not chain
                  --> rules/spike.rules:1:32
                   |
                 1 | rule r { from "t" where 1 < .x < 5 publish "u" }
                   |                                ^ write `a < b and b < c`, or `b between a and c`
                """#),
        GoldenDiagnostic(
            code: "E0116", title: "rule without an end",
            source: #"""
                rule a {
                  from "t"
                  publish "u"

                rule b { from "t" publish "u" }
                """#,
            expected: #"""
                error[E0116]: no `}` closes rule `a`
                  --> rules/spike.rules:1:8
                   |
                 1 | rule a {
                   |        ^ put `}` before the next `rule`
                """#),
        GoldenDiagnostic(
            code: "E0117", title: "reserved word as name",
            source: #"""
                rule r { from "t" let within = 3 publish "u" }
                """#,
            expected: #"""
                error[E0117]: `within` is a word of the language and can't be the name of a let
                  --> rules/spike.rules:1:23
                   |
                 1 | rule r { from "t" let within = 3 publish "u" }
                   |                       ^^^^^^ choose another name, such as `within_`
                """#),
        GoldenDiagnostic(
            code: "E0117", title: "reserved word as capture",
            source: #"""
                rule r { from "t/{by}" publish "u" }
                """#,
            expected: #"""
                error[E0117]: `by` is a word of the language and can't be the name of a capture
                  --> rules/spike.rules:1:19
                   |
                 1 | rule r { from "t/{by}" publish "u" }
                   |                   ^^ choose another name, such as `by_`
                """#),
        GoldenDiagnostic(
            code: "E0118", title: "empty window",
            source: #"""
                rule r { from "t" window last 0s publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0118]: the length of the window must be longer than zero
                  --> rules/spike.rules:1:31
                   |
                 1 | rule r { from "t" window last 0s publish "u" { n: count() } }
                   |                               ^^ leave it out, or write a duration such as `10s`
                """#),
        GoldenDiagnostic(
            code: "E0119", title: "interpolation in a title",
            source: #"""
                rule r "about {x}" { from "t" publish "u" }
                """#,
            expected: #"""
                error[E0119]: the title of a rule is a plain text
                  --> rules/spike.rules:1:16
                   |
                 1 | rule r "about {x}" { from "t" publish "u" }
                   |                ^ write `\{` for a brace that is meant as such
                """#),
        GoldenDiagnostic(
            code: "E0201", title: "two rules of one name",
            source: #"""
                rule r { from "t" publish "u" }
                rule r { from "t" publish "u" }
                """#,
            expected: #"""
                error[E0201]: two rules are named `r`
                  --> rules/spike.rules:2:6
                   |
                 2 | rule r { from "t" publish "u" }
                   |      ^ choose another name
                 1 | rule r { from "t" publish "u" }
                   |      - first named here
                """#),
        GoldenDiagnostic(
            code: "E0202", title: "two lets of one name",
            source: #"""
                rule r {
                  from "t"
                  let a = .x
                  let a = .y
                  publish "u" { a }
                }
                """#,
            expected: #"""
                error[E0202]: `a` is defined twice in this rule
                  --> rules/spike.rules:4:7
                   |
                 4 |   let a = .y
                   |       ^ choose another name
                 3 |   let a = .x
                   |       - first defined here
                """#),
        GoldenDiagnostic(
            code: "E0202", title: "two constants of one name",
            source: #"""
                let a = 1
                let a = 2
                """#,
            expected: #"""
                error[E0202]: `a` is defined twice in this file
                  --> rules/spike.rules:2:5
                   |
                 2 | let a = 2
                   |     ^ choose another name
                 1 | let a = 1
                   |     - first defined here
                """#),
        GoldenDiagnostic(
            code: "E0203", title: "misspelt capture",
            source: #"""
                rule spike {
                  from "sensors/{sensor}/reading"
                  # by capture
                  window last 100 by sensr
                  publish "u/{sensor}" { n: count() }
                }
                """#,
            expected: #"""
                error[E0203]: unknown name `sensr`
                  --> rules/spike.rules:4:22
                   |
                 4 |   window last 100 by sensr
                   |                      ^^^^^ did you mean the capture `sensor`?
                """#),
        GoldenDiagnostic(
            code: "E0203", title: "field without its dot",
            source: #"""
                rule r { from "t" where temperature > 5 publish "u" }
                """#,
            expected: #"""
                error[E0203]: unknown name `temperature`
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where temperature > 5 publish "u" }
                   |                         ^^^^^^^^^^^ payload fields begin with a dot: `.temperature`
                """#),
        GoldenDiagnostic(
            code: "E0203", title: "null of other languages",
            source: #"""
                rule r { from "t" where .x == null publish "u" }
                """#,
            expected: #"""
                error[E0203]: unknown name `null`
                  --> rules/spike.rules:1:31
                   |
                 1 | rule r { from "t" where .x == null publish "u" }
                   |                               ^^^^ the word is `missing`; test with `exists(…)`, give another value with `??`
                """#),
        GoldenDiagnostic(
            code: "E0204", title: "function of another language",
            source: #"""
                rule r { from "t" window last 5m publish "u" { a: avg(.x) } }
                """#,
            expected: #"""
                error[E0204]: unknown function `avg`
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t" window last 5m publish "u" { a: avg(.x) } }
                   |                                                   ^^^ did you mean `mean`?
                """#),
        GoldenDiagnostic(
            code: "E0204", title: "misspelt function",
            source: #"""
                rule r { from "t" window last 5m publish "u" { a: percentil(.x, 95) } }
                """#,
            expected: #"""
                error[E0204]: unknown function `percentil`
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t" window last 5m publish "u" { a: percentil(.x, 95) } }
                   |                                                   ^^^^^^^^^ did you mean `percentile`?
                """#),
        GoldenDiagnostic(
            code: "E0205", title: "unknown option of zscore",
            source: #"""
                rule r { from "t" window last 100 when zscore(.x, agianst: "others") > 3 publish "u" }
                """#,
            expected: #"""
                error[E0205]: `zscore` has no option `agianst`
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t" window last 100 when zscore(.x, agianst: "others") > 3 publish "u" }
                   |                                                   ^^^^^^^ did you mean `against`?
                """#),
        GoldenDiagnostic(
            code: "E0205", title: "unknown option of publish",
            source: #"""
                rule r { from "t" publish "u" retained }
                """#,
            expected: #"""
                error[E0205]: `publish` has no option `retained`
                  --> rules/spike.rules:1:31
                   |
                 1 | rule r { from "t" publish "u" retained }
                   |                               ^^^^^^^^ did you mean `retain`?
                """#),
        GoldenDiagnostic(
            code: "E0206", title: "field that the schema does not have",
            source: #"""
                rule r {
                  from "t" { value: number, unit: text }
                  where .valu > 3
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0206]: the schema has no field `valu`
                  --> rules/spike.rules:3:9
                   |
                 3 |   where .valu > 3
                   |         ^^^^^ did you mean `.value`?
                """#),
        GoldenDiagnostic(
            code: "E0207", title: "sources with different captures",
            source: #"""
                rule r {
                  from "a/{x}/b",
                       "a/{y}/c"
                  publish "u/{x}"
                }
                """#,
            expected: #"""
                error[E0207]: all sources of a rule capture the same names; not in all of them: `x`, `y`
                  --> rules/spike.rules:3:8
                   |
                 3 |        "a/{y}/c"
                   |        ^^^^^^^^^ name the level in each topic, or use `+` in each
                 2 |   from "a/{x}/b",
                   |        --------- the first source
                """#),
        GoldenDiagnostic(
            code: "E0208", title: "capture named twice",
            source: #"""
                rule r { from "a/{x}/{x}" publish "u" }
                """#,
            expected: #"""
                error[E0208]: `x` is captured twice in this topic
                  --> rules/spike.rules:1:23
                   |
                 1 | rule r { from "a/{x}/{x}" publish "u" }
                   |                       ^ choose another name, or `+`
                 1 | rule r { from "a/{x}/{x}" publish "u" }
                   |                   - first captured here
                """#),
        GoldenDiagnostic(
            code: "E0209", title: "name above its let",
            source: #"""
                rule r {
                  from "t"
                  where hot
                  let hot = .x > 90
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0209]: `hot` is used above its `let`
                  --> rules/spike.rules:3:9
                   |
                 3 |   where hot
                   |         ^^^ move the `let` up
                """#),
        GoldenDiagnostic(
            code: "E0210", title: "member written twice",
            source: #"""
                rule r { from "t" publish "u" { a: 1, b: 2, a: 3 } }
                """#,
            expected: #"""
                error[E0210]: member `a` is written twice
                  --> rules/spike.rules:1:45
                   |
                 1 | rule r { from "t" publish "u" { a: 1, b: 2, a: 3 } }
                   |                                             ^ leave one out
                 1 | rule r { from "t" publish "u" { a: 1, b: 2, a: 3 } }
                   |                                 - first written here
                """#),
        GoldenDiagnostic(
            code: "E0211", title: "function without brackets",
            source: #"""
                rule r { from "t" window last 10 when count > 5 publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0211]: `count` is a function
                  --> rules/spike.rules:1:39
                   |
                 1 | rule r { from "t" window last 10 when count > 5 publish "u" { n: count() } }
                   |                                       ^^^^^ call it: `count(…)`, or write `.count` for the payload's field
                """#),
        GoldenDiagnostic(
            code: "E0211", title: "value that is called",
            source: #"""
                rule r { from "t/{x}" publish "u/{x()}" }
                """#,
            expected: #"""
                error[E0211]: `x` is a value and can't be called
                  --> rules/spike.rules:1:35
                   |
                 1 | rule r { from "t/{x}" publish "u/{x()}" }
                   |                                   ^ leave the brackets out
                """#),
        GoldenDiagnostic(
            code: "E0301", title: "text and number",
            source: #"""
                rule r { from "t/{line}" publish "u" { a: line + 1 } }
                """#,
            expected: #"""
                error[E0301]: `+` does not take a text and a number
                  --> rules/spike.rules:1:43
                   |
                 1 | rule r { from "t/{line}" publish "u" { a: line + 1 } }
                   |                                           ^^^^^^^^ texts are joined by interpolation: `"{a}{b}"`
                """#),
        GoldenDiagnostic(
            code: "E0301", title: "number as condition",
            source: #"""
                rule r { from "t" where round(.x) publish "u" }
                """#,
            expected: #"""
                error[E0301]: `where` takes a condition, and this is a number
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where round(.x) publish "u" }
                   |                         ^^^^^^^^^ compare it: `… > 0`
                """#),
        GoldenDiagnostic(
            code: "E0301", title: "number compared with text",
            source: #"""
                rule r { from "t" as number where . > "5" publish "u" }
                """#,
            expected: #"""
                error[E0301]: `>` does not compare a number with a text
                  --> rules/spike.rules:1:35
                   |
                 1 | rule r { from "t" as number where . > "5" publish "u" }
                   |                                   ^^^^^^^ a number is written without quotes; `number(…)` reads one from a text
                """#),
        GoldenDiagnostic(
            code: "E0301", title: "duration without unit",
            source: #"""
                rule r { from "t" where time() - arrived() > 5 publish "u" }
                """#,
            expected: #"""
                error[E0301]: `>` does not compare a duration with a number
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where time() - arrived() > 5 publish "u" }
                   |                         ^^^^^^^^^^^^^^^^^^^^^^ a duration has a unit: `5s`
                """#),
        GoldenDiagnostic(
            code: "E0301", title: "field of a number",
            source: #"""
                rule r { from "t" as number where .value > 5 publish "u" }
                """#,
            expected: #"""
                error[E0301]: the payload is a number and has no fields
                  --> rules/spike.rules:1:35
                   |
                 1 | rule r { from "t" as number where .value > 5 publish "u" }
                   |                                   ^^^^^^ `.` is the payload itself
                """#),
        GoldenDiagnostic(
            code: "E0302", title: "wrong number of arguments",
            source: #"""
                rule r { from "t" window last 10 publish "u" { a: max(.x, .y) } }
                """#,
            expected: #"""
                error[E0302]: `max` takes 1 argument, not 2
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t" window last 10 publish "u" { a: max(.x, .y) } }
                   |                                                   ^^^ for the greatest of several values write `greatest(a, b)`
                """#),
        GoldenDiagnostic(
            code: "E0302", title: "argument left out",
            source: #"""
                rule r { from "t" window last 10 publish "u" { a: percentile(.x) } }
                """#,
            expected: #"""
                error[E0302]: `percentile` takes 2 arguments, not 1
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t" window last 10 publish "u" { a: percentile(.x) } }
                   |                                                   ^^^^^^^^^^ write `percentile(x, p)`
                """#),
        GoldenDiagnostic(
            code: "E0303", title: "parameter that is not constant",
            source: #"""
                rule r { from "t" window last 10 publish "u" { a: percentile(.x, .p) } }
                """#,
            expected: #"""
                error[E0303]: the second argument of `percentile` is a number or a constant
                  --> rules/spike.rules:1:66
                   |
                 1 | rule r { from "t" window last 10 publish "u" { a: percentile(.x, .p) } }
                   |                                                                  ^^
                """#),
        GoldenDiagnostic(
            code: "E0304", title: "percentile out of range",
            source: #"""
                rule r { from "t" window last 10 publish "u" { a: percentile(.x, 950) } }
                """#,
            expected: #"""
                error[E0304]: percentiles go from 0 to 100
                  --> rules/spike.rules:1:66
                   |
                 1 | rule r { from "t" window last 10 publish "u" { a: percentile(.x, 950) } }
                   |                                                                  ^^^ write `percentile(x, 95)`
                """#),
        GoldenDiagnostic(
            code: "E0305", title: "bad pattern",
            source: #"""
                rule r { from "t" where matches(.x, "a(b") publish "u" }
                """#,
            expected: #"""
                error[E0305]: bad pattern: no `)` closes this `(`
                  --> rules/spike.rules:1:37
                   |
                 1 | rule r { from "t" where matches(.x, "a(b") publish "u" }
                   |                                     ^^^^^ at character 2 of the pattern
                """#),
        GoldenDiagnostic(
            code: "E0306", title: "constant that is none",
            source: #"""
                let start = now()
                rule r { from "t" publish "u" { start } }
                """#,
            expected: #"""
                error[E0306]: `now()` changes, so it is no constant
                  --> rules/spike.rules:1:13
                   |
                 1 | let start = now()
                   |             ^^^^^ define it in a rule, below `from`
                """#),
        GoldenDiagnostic(
            code: "E0307", title: "comparison with missing",
            source: #"""
                rule r { from "t" where .x == missing publish "u" }
                """#,
            expected: #"""
                error[E0307]: a comparison with missing is always missing
                  --> rules/spike.rules:1:31
                   |
                 1 | rule r { from "t" where .x == missing publish "u" }
                   |                               ^^^^^^^ write `not exists(.x)`
                """#),
        GoldenDiagnostic(
            code: "E0308", title: "division by zero",
            source: #"""
                rule r { from "t" publish "u" { a: .x / 0 } }
                """#,
            expected: #"""
                error[E0308]: division by zero is always missing
                  --> rules/spike.rules:1:41
                   |
                 1 | rule r { from "t" publish "u" { a: .x / 0 } }
                   |                                         ^
                """#),
        GoldenDiagnostic(
            code: "W0309", title: "negative index",
            source: #"""
                rule r { from "t" publish "u" { a: .list[-1] } }
                """#,
            expected: #"""
                warning[W0309]: there is no such index
                  --> rules/spike.rules:1:42
                   |
                 1 | rule r { from "t" publish "u" { a: .list[-1] } }
                   |                                          ^^ the first element is `[0]`
                """#),
        GoldenDiagnostic(
            code: "E0401", title: "zscore out of reach",
            source: #"""
                rule r {
                  from "t/{x}"
                  window last 10 by x
                  when abs(zscore(.value)) > 3
                  publish "u/{x}"
                }
                """#,
            expected: #"""
                error[E0401]: this condition can never be true: over `window last 10`, which includes the newest value, |zscore| is at most 3.00
                  --> rules/spike.rules:4:8
                   |
                 4 |   when abs(zscore(.value)) > 3
                   |        ^^^^^^^^^^^^^^^^^^^^^^^ use `last 11` or more, or `against: "others"`
                """#),
        GoldenDiagnostic(
            code: "E0401", title: "bounds that exclude one another",
            source: #"""
                rule r { from "t" where .x > 10 and .x < 5 publish "u" }
                """#,
            expected: #"""
                error[E0401]: this condition can never be true
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where .x > 10 and .x < 5 publish "u" }
                   |                         ^^^^^^^^^^^^^^^^^^ no value of `.x` makes it true
                """#),
        GoldenDiagnostic(
            code: "E0401", title: "more events than the window has",
            source: #"""
                rule r { from "t" window last 10 when count() > 10 publish "u" }
                """#,
            expected: #"""
                error[E0401]: this condition can never be true
                  --> rules/spike.rules:1:39
                   |
                 1 | rule r { from "t" window last 10 when count() > 10 publish "u" }
                   |                                       ^^^^^^^^^^^^ no value of `count()` makes it true
                """#),
        GoldenDiagnostic(
            code: "E0401", title: "one alternative of several",
            source: #"""
                rule r {
                  from "t"
                  where .a == "x" or .b between 3 and 5 and .b == 7
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0401]: this condition can never be true
                  --> rules/spike.rules:3:22
                   |
                 3 |   where .a == "x" or .b between 3 and 5 and .b == 7
                   |                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no value of `.b` makes it true
                """#),
        GoldenDiagnostic(
            code: "E0402", title: "condition that always holds",
            source: #"""
                rule r { from "t" where .state != "on" or .state != "off" publish "u" }
                """#,
            expected: #"""
                error[E0402]: this condition is always true
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where .state != "on" or .state != "off" publish "u" }
                   |                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ every value of `.state` makes it true
                """#),
        GoldenDiagnostic(
            code: "E0402", title: "constant condition",
            source: #"""
                rule r { from "t" where true publish "u" }
                """#,
            expected: #"""
                error[E0402]: this condition is always true
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where true publish "u" }
                   |                         ^^^^ it does not depend on any message
                """#),
        GoldenDiagnostic(
            code: "E0403", title: "until overlaps when",
            source: #"""
                rule r {
                  from "t" window last 30s
                  when mean(.x) > 80 until mean(.x) < 85
                  publish "u"
                }
                """#,
            expected: #"""
                error[E0403]: some values of `mean(.x)` make both `when` and `until` true
                  --> rules/spike.rules:3:28
                   |
                 3 |   when mean(.x) > 80 until mean(.x) < 85
                   |                            ^^^^^^^^^^^^^ leave a gap: raise above one bound, clear below a lower one
                """#),
        GoldenDiagnostic(
            code: "E0404", title: "rule that feeds itself",
            source: #"""
                rule r { from "site/{x}/#" publish "site/{x}/alarm" }
                """#,
            expected: #"""
                error[E0404]: rule `r` can feed itself: this topic matches its own `from`
                  --> rules/spike.rules:1:36
                   |
                 1 | rule r { from "site/{x}/#" publish "site/{x}/alarm" }
                   |                                    ^^^^^^^^^^^^^^^^ publish to a topic that `from` does not match
                """#),
        GoldenDiagnostic(
            code: "E0404", title: "rules that feed one another",
            source: #"""
                rule a {
                  from "in/+"
                  publish "mid/{.name}"
                }
                rule b {
                  from "mid/{x}"
                  publish "in/{x}"
                }
                """#,
            expected: #"""
                error[E0404]: rule `a` can feed itself through others: `a` → `b` → `a`
                  --> rules/spike.rules:3:11
                   |
                 3 |   publish "mid/{.name}"
                   |           ^^^^^^^^^^^^^ publish to a topic that the next rule does not take
                 7 |   publish "in/{x}"
                   |           -------- `b` leads on from here
                """#),
        GoldenDiagnostic(
            code: "E0405", title: "on clear without for or until",
            source: #"""
                rule r {
                  from "t" when .x > 5
                  publish "u"
                  on clear publish "u" { a: 1 }
                }
                """#,
            expected: #"""
                error[E0405]: `on clear` never runs
                  --> rules/spike.rules:4:3
                   |
                 4 |   on clear publish "u" { a: 1 }
                   |   ^^^^^^^^^^^^^^^^ add `for` or `until` to `when`
                """#),
        GoldenDiagnostic(
            code: "W0406", title: "equality of a mean",
            source: #"""
                rule r { from "t" window last 10 when mean(.x) == 5 publish "u" }
                """#,
            expected: #"""
                warning[W0406]: `==` compares a computed number exactly
                  --> rules/spike.rules:1:39
                   |
                 1 | rule r { from "t" window last 10 when mean(.x) == 5 publish "u" }
                   |                                       ^^^^^^^^^^^^^ write `abs(a - b) < 0.001`, or `round(…)` both
                """#),
        GoldenDiagnostic(
            code: "W0407", title: "late without a window that waits",
            source: #"""
                rule r { from "t" at .ts ms late 5s window last 10 publish "u" }
                """#,
            expected: #"""
                warning[W0407]: `late` has no effect here
                  --> rules/spike.rules:1:34
                   |
                 1 | rule r { from "t" at .ts ms late 5s window last 10 publish "u" }
                   |                                  ^^ it is for windows that close by time: `every`, `session`, `silent`
                """#),
        GoldenDiagnostic(
            code: "E0501", title: "aggregate without window",
            source: #"""
                rule r { from "t" when mean(.x) > 5 publish "u" }
                """#,
            expected: #"""
                error[E0501]: `mean` needs a window
                  --> rules/spike.rules:1:24
                   |
                 1 | rule r { from "t" when mean(.x) > 5 publish "u" }
                   |                        ^^^^ add one above, such as `window last 100` or `window every 1m`
                """#),
        GoldenDiagnostic(
            code: "E0502", title: "aggregate in where",
            source: #"""
                rule r { from "t" where mean(.x) > 5 publish "u" }
                """#,
            expected: #"""
                error[E0502]: `mean` is taken over a window, and this stands above it
                  --> rules/spike.rules:1:25
                   |
                 1 | rule r { from "t" where mean(.x) > 5 publish "u" }
                   |                         ^^^^ move it below `window`: `when` tests results
                """#),
        GoldenDiagnostic(
            code: "E0502", title: "aggregate in an aggregate",
            source: #"""
                rule r { from "t" window last 10 when max(mean(.x)) > 5 publish "u" }
                """#,
            expected: #"""
                error[E0502]: `mean` can't stand inside another aggregate
                  --> rules/spike.rules:1:43
                   |
                 1 | rule r { from "t" window last 10 when max(mean(.x)) > 5 publish "u" }
                   |                                           ^^^^ combine their results instead
                """#),
        GoldenDiagnostic(
            code: "E0503", title: "field when a window closes",
            source: #"""
                rule r { from "t/{x}" window every 5m by x publish "u/{x}" { v: .value } }
                """#,
            expected: #"""
                error[E0503]: `.value` belongs to one event, and `window every 5m` is evaluated without one
                  --> rules/spike.rules:1:65
                   |
                 1 | rule r { from "t/{x}" window every 5m by x publish "u/{x}" { v: .value } }
                   |                                                                 ^^^^^^ say `last(.value)`
                """#),
        GoldenDiagnostic(
            code: "E0504", title: "capture that is no key",
            source: #"""
                rule r { from "t/{x}" window every 5m publish "u/{x}" { n: count() } }
                """#,
            expected: #"""
                error[E0504]: the capture `x` differs from event to event, and `window every 5m` is evaluated without one
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t/{x}" window every 5m publish "u/{x}" { n: count() } }
                   |                                                   ^ add it to the keys: `by x`, or say `last(x)`
                """#),
        GoldenDiagnostic(
            code: "E0505", title: "bounds of a counted window",
            source: #"""
                rule r { from "t" window last 10 publish "u" { a: window_start() } }
                """#,
            expected: #"""
                error[E0505]: `window last 10` has no bounds in time
                  --> rules/spike.rules:1:51
                   |
                 1 | rule r { from "t" window last 10 publish "u" { a: window_start() } }
                   |                                                   ^^^^^^^^^^^^^^ only windows of a duration have bounds
                """#),
        GoldenDiagnostic(
            code: "E0506", title: "let below the window in an aggregate",
            source: #"""
                rule r {
                  from "t"
                  window last 10
                  let f = .x * 2
                  publish "u" { m: mean(f) }
                }
                """#,
            expected: #"""
                error[E0506]: `f` is defined below the window, and an aggregate sees events
                  --> rules/spike.rules:5:25
                   |
                 5 |   publish "u" { m: mean(f) }
                   |                         ^ move `let f` above `window`
                """#),
        GoldenDiagnostic(
            code: "E0507", title: "over that is no multiple",
            source: #"""
                rule r { from "t" window every 2m over 5m publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0507]: the length after `over` is a multiple of the step
                  --> rules/spike.rules:1:40
                   |
                 1 | rule r { from "t" window every 2m over 5m publish "u" { n: count() } }
                   |                                        ^^ such as `every 1m over 5m`
                """#),
        GoldenDiagnostic(
            code: "E0508", title: "aggregate over silence",
            source: #"""
                rule r { from "t/{x}" window silent 60s by x publish "u" { m: median(.v) } }
                """#,
            expected: #"""
                error[E0508]: `median` is not kept over `window silent 60s`
                  --> rules/spike.rules:1:63
                   |
                 1 | rule r { from "t/{x}" window silent 60s by x publish "u" { m: median(.v) } }
                   |                                                               ^^^^^^ it keeps count, first, last, min, max, sum, mean, variance, stddev and range
                """#),
        GoldenDiagnostic(
            code: "E0509", title: "nothing to forward",
            source: #"""
                rule r { from "t/{x}" window every 5m by x publish "u/{x}" }
                """#,
            expected: #"""
                error[E0509]: `window every 5m` is evaluated without an event, so there is nothing to forward
                  --> rules/spike.rules:1:44
                   |
                 1 | rule r { from "t/{x}" window every 5m by x publish "u/{x}" }
                   |                                            ^^^^^^^^^^^^^^^ write a body: `{ n: count() }`
                """#),
        GoldenDiagnostic(
            code: "E0510", title: "topic when a window closes",
            source: #"""
                rule r { from "t/{x}" window every 5m by x publish "u/{x}" { t: topic() } }
                """#,
            expected: #"""
                error[E0510]: `topic()` belongs to one message, and `window every 5m` is evaluated without one
                  --> rules/spike.rules:1:65
                   |
                 1 | rule r { from "t/{x}" window every 5m by x publish "u/{x}" { t: topic() } }
                   |                                                                 ^^^^^^^ say `last(topic())`
                """#),
        GoldenDiagnostic(
            code: "E0601", title: "capture that is no whole level",
            source: #"""
                rule r { from "plant/line-{line}/x" publish "u/{line}" }
                """#,
            expected: #"""
                error[E0601]: a capture is a whole level of the topic
                  --> rules/spike.rules:1:28
                   |
                 1 | rule r { from "plant/line-{line}/x" publish "u/{line}" }
                   |                            ^^^^ put it between two `/`, or capture the level and take it apart
                """#),
        GoldenDiagnostic(
            code: "E0601", title: "wildcard inside",
            source: #"""
                rule r { from "plant/#/x" publish "u" }
                """#,
            expected: #"""
                error[E0601]: `#` takes all further levels, so it is the last
                  --> rules/spike.rules:1:15
                   |
                 1 | rule r { from "plant/#/x" publish "u" }
                   |               ^^^^^^^^^^^
                """#),
        GoldenDiagnostic(
            code: "E0602", title: "wildcard in a published topic",
            source: #"""
                rule r { from "t" publish "u/#" }
                """#,
            expected: #"""
                error[E0602]: a published topic has no wildcards
                  --> rules/spike.rules:1:27
                   |
                 1 | rule r { from "t" publish "u/#" }
                   |                           ^^^^^ put a capture in their place: `{name}`
                """#),
        GoldenDiagnostic(
            code: "E0603", title: "QoS 3",
            source: #"""
                rule r { from "t" publish "u" qos 3 }
                """#,
            expected: #"""
                error[E0603]: there is no QoS 3
                  --> rules/spike.rules:1:35
                   |
                 1 | rule r { from "t" publish "u" qos 3 }
                   |                                   ^ write `qos 0`, `qos 1` or `qos 2`
                """#),
        GoldenDiagnostic(
            code: "E0604", title: "schema of a number",
            source: #"""
                rule r { from "t" as number { value: number } publish "u" }
                """#,
            expected: #"""
                error[E0604]: only `as json` and `as cbor` payloads have fields
                  --> rules/spike.rules:1:29
                   |
                 1 | rule r { from "t" as number { value: number } publish "u" }
                   |                             ^^^^^^^^^^^^^^^^^ leave the schema out
                """#),
        GoldenDiagnostic(
            code: "E0304", title: "too many events",
            source: #"""
                rule r { from "t" window last 2000000 publish "u" { n: count() } }
                """#,
            expected: #"""
                error[E0304]: the number of events is at most 1000000
                  --> rules/spike.rules:1:31
                   |
                 1 | rule r { from "t" window last 2000000 publish "u" { n: count() } }
                   |                               ^^^^^^^ write a smaller number
                """#),
    ]
}
