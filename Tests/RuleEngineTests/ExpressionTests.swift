import RuleEngine
import Testing

@Suite struct ExpressionTests {
    @Test(arguments: [
        (".a + 1", #"{"a":2}"#, "3"),
        ("{}", "{}", "{}"),
        ("[[], {}]", "{}", "[[],{}]"),
        (".a / 2", #"{"a":3}"#, "1.5"),
        (".a / 2", #"{"a":4}"#, "2.0"),
        (".a * 2", #"{"a":9223372036854775807}"#, "1.8446744073709552e19"),
        (".a % 5", #"{"a":-7}"#, "-2"),
        (".a % 5", #"{"a":-7.5}"#, "-2.5"),
        (".a / .b", #"{"a":1,"b":0}"#, "null"),
        (".a % .b", #"{"a":1,"b":0}"#, "null"),
        ("-.a", #"{"a":-9223372036854775808}"#, "9.223372036854776e18"),
        (".a % -1", #"{"a":-9223372036854775808}"#, "0"),
        (".a", #"{"a":10.0}"#, "10.0"),
        (".a", #"{"a":10}"#, "10"),
        (".a", #"{"a":-0.0}"#, "0.0"),
        (".a", #"{"a":123456789012345678901234567890}"#, "123456789012345678901234567890"),
        (".a ?? 0", #"{"a":123456789012345678901234567890}"#, "123456789012345678901234567890"),
        (".a + 0", #"{"a":123456789012345678901234567890}"#, "1.2345678901234568e29"),
        (".a == .b", #"{"a":9007199254740993,"b":9007199254740992.0}"#, "false"),
        (".a > .b", #"{"a":9007199254740993,"b":9007199254740992.0}"#, "true"),
        (".a == .b", #"{"a":1,"b":1.0}"#, "true"),
        (".a == .b", #"{"a":1,"b":"1"}"#, "false"),
        (".a == .b", #"{"a":{"x":1,"y":[1,2]},"b":{"y":[1.0,2],"x":1.0}}"#, "true"),
        (".a < .b", #"{"a":"Z","b":"a"}"#, "true"),
        (".a < .b", #"{"a":1}"#, "null"),
        (".a and .b", #"{"a":false}"#, "false"),
        (".a and .b", #"{"a":true}"#, "null"),
        (".b or .a", #"{"a":true}"#, "true"),
        ("not .a", "{}", "null"),
        (".a between 1 and 3", #"{"a":3}"#, "true"),
        (".a between .b and 1", #"{"a":2,"b":3}"#, "false"),
        (".a in [1, 2, .b]", #"{"a":2}"#, "true"),
        (".a in [1, 2, .b]", #"{"a":3}"#, "null"),
        (".a not in [1, 2]", #"{"a":3}"#, "true"),
        ("if .a then 1 else 2", "{}", "2"),
        (".l[1]", #"{"l":[1,{"x":2}]}"#, #"{"x":2}"#),
        (".l[.i]", #"{"l":[1,5],"i":1}"#, "5"),
        (".l[.i]", #"{"l":[1,5],"i":-1}"#, "null"),
        (".l[.i]", #"{"l":[1,5],"i":0.5}"#, "null"),
        (".o[.k]", #"{"o":{"x":7},"k":"x"}"#, "7"),
        (#""v={.a} {.b}""#, #"{"a":1.50,"b":"t"}"#, #""v=1.5 t""#),
        (#""v={.a} {.c}""#, #"{"a":1.50,"b":"t"}"#, "null"),
        ("[.a, .b]", #"{"a":1}"#, "[1,null]"),
        (".o", #"{"o": { "a" : [ 1 , 2 ] } }"#, #"{"a":[1,2]}"#),
        ("name", "{}", #""x""#),
        ("time()", "{}", "1000"),
        ("now() - time()", "{}", "0.0"),
        ("1.5s", "{}", "1.5"),
        ("10s * 3", "{}", "30.0"),
        ("10s / 4s", "{}", "2.5"),
    ])
    func evaluates(_ expression: String, _ payload: String, _ expected: String) throws {
        #expect(try value(expression, payload) == expected)
    }

    @Test(arguments: [
        ("round(2.5)", "3.0"), ("round(-2.5)", "-3.0"), ("round(7)", "7"), ("round(2.675, 2)", "2.67"),
        ("round(1.005, 2)", "1.0"), ("round(0.125, 2)", "0.13"), ("round(1250, -2)", "1300"),
        ("round(1249.9, -2)", "1200.0"), ("round(1e300, 5)", "1e300"), ("round(1e300, -5)", "1e300"),
        ("ceil(1.2)", "2.0"), ("floor(-1.2)", "-2.0"), ("ceil(3)", "3"),
        ("sign(-4)", "-1"), ("sign(2.5)", "1.0"), ("abs(-3)", "3"), ("abs(-3.5)", "3.5"),
        ("sqrt(9)", "3.0"), ("ln(0)", "null"), ("pow(2, 10)", "1024.0"), ("log10(1000)", "3.0"),
        ("least(3, 1.5, 2)", "1.5"), ("greatest(3, 1.5)", "3"), ("clamp(15, 0, 10)", "10"),
        ("exists(.x)", "false"), (#"length("héé")"#, "3"), (#"upper("straße")"#, #""STRASSE""#),
        (#"trim("  a b\t")"#, #""a b""#), (#"contains("abc", "bc")"#, "true"), (#"starts_with("abc", "ab")"#, "true"),
        (#"ends_with("abc", "bc")"#, "true"), (#"substring("héllo", 1, 3)"#, #""éll""#),
        (#"substring("abc", 2, 10)"#, #""c""#),
        (#"split("a,,b", ",")"#, #"["a","","b"]"#),
        (#"number(" 12.50 ")"#, "12.5"), (#"number("1,5")"#, "null"), (#"number("0x10")"#, "null"),
        ("text(10.0)", #""10.0""#), (#"boolean("true")"#, "true"), (#"boolean("yes")"#, "null"),
        (#"matches("sensor-17", '^sensor-\d+$')"#, "true"), (#"matches("x sensor-17", '^sensor-\d+$')"#, "false"),
        (#"matches("abcabc", 'b(c|d)a?')"#, "true"), (#"matches("aaa", 'a{4}')"#, "false"),
        ("length([1, 2, 3])", "3"), ("error([1, 2], [1, 4])", "2.0"),
    ])
    func callsFunctions(_ expression: String, _ expected: String) throws {
        #expect(try value(expression) == expected)
    }

    @Test func wrongTypesAreMissingAndCounted() throws {
        let harness = try Harness(#"rule r { from "a" publish "o" { x: .a + 1, y: .a < 2, z: upper(.n) } }"#)
        harness.send("a", #"{"a":"t","n":5}"#, at: 0)
        #expect(harness.take() == [#"o {"x":null,"y":null,"z":null}"#])
        #expect(harness.counters.runtimeErrors == 3)
        harness.send("a", "{}", at: 0)
        #expect(harness.counters.runtimeErrors == 3)
    }
}
