/// Rules of random clauses. Their expressions have the types that their places ask for, so that many of them pass the
/// checker.
struct RandomRules {
    /// The rule made last.
    private var text = ""
    private var hasTable = false
    private var random: Seeded

    /// What an expression can see.
    private enum Scope {
        /// An event, above the window.
        case event
        /// An event and its window.
        case result
        /// A window that closes by time: no event.
        case closing
    }

    private var hasHistory = true
    private var captures: [String] = []
    /// Names of the window's key.
    private var keys: [String] = []
    private var lets: [String] = []
    private var isNumberPayload = false
    private var isSilent = false
    private var hasAggregates = true
    private var canBaseline = false

    init(seed: UInt64) { random = Seeded(seed) }

    /// A set of one to three rules, each of which `isSound` liked together with those before it.
    mutating func next(_ isSound: (String) -> Bool) -> String {
        hasTable = chance(2)
        var set = hasTable ? "table tab from \"t.csv\" key id\n" : ""
        var count = 0
        for _ in 0..<30 {
            text = ""
            rule(count)
            if !isSound(set + text) { continue }
            set += text
            count += 1
            if count == 3 || chance(2) { break }
        }
        return set
    }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
    private mutating func chance(_ of: Int) -> Bool { below(of) == 0 }
    private mutating func pick(_ texts: String...) -> String { texts[below(texts.count)] }
    private mutating func maybe(_ text: String, _ of: Int = 2) -> String { chance(of) ? text : "" }
    private mutating func length() -> String { pick("1s", "2s", "5s", "10s", "700ms", "1m") }

    // MARK: Clauses

    private mutating func rule(_ number: Int) {
        lets = []
        isNumberPayload = chance(12)
        text += "rule r\(number) {\n  from \(source(number))\n"
        if chance(3), !isNumberPayload { text += "  at .ts \(maybe("late \(length())")) \(maybe("ahead 1h", 3))\n" }
        hasHistory = chance(2)
        for _ in 0..<below(4) { step() }
        let (window, scope) = window()
        text += window
        if scope != .event, chance(3) {
            let name = "w\(lets.count)"
            text += "  let \(name) = \(numeral(scope, 1))\n"
        }
        condition(scope)
        if chance(3) { text += "  limit \(below(3) + 1) per \(length())\n" }
        publishes(number, scope)
        text += "}\n"
    }

    private mutating func source(_ number: Int) -> String {
        captures = ["id"]
        if number > 0, chance(3) { return "\"o\(number - 1)/{id}\"" }
        if isNumberPayload { return "\"n/{id}\" as number" }
        switch below(7) {
        case 0:
            captures = []
            return pick("\"s/a\"", "\"s/+\"", "\"#\"")
        case 1:
            captures = ["id", "part"]
            return "\"{part}/{id}\""
        case 2: return "\"s/{id}\" { v: number, t: text, b: boolean, ts: time ms, a: list, o: object }"
        case 3: return "\"c/{id}\" as cbor"
        default: return "\"s/{id}\""
        }
    }

    private mutating func step() {
        switch below(4) {
        case 0:
            let name = "l\(lets.count)"
            text += "  let \(name) = \(numeral(.event, 0))\n"
            lets.append(name)
        case 1: text += "  dedupe \(key()) within \(length())\n"
        default: text += "  where \(truth(.event, 0)) or \(truth(.event, 2))\n"
        }
    }

    private mutating func key() -> String {
        if isNumberPayload { return captures.first ?? "." }
        return pick(".q", ".v", ".t", ".a", captures.last ?? ".q")
    }

    private mutating func window() -> (text: String, scope: Scope) {
        isSilent = false
        hasAggregates = true
        canBaseline = false
        keys = captures.filter { _ in chance(3) ? false : true }
        let by = keys.isEmpty ? "" : " by \(keys.joined(separator: ", "))"
        switch below(10) {
        case 0:
            hasAggregates = false
            keys = []
            return ("", .event)
        case 1, 2:
            canBaseline = true
            return ("  window last \(below(6) + 1)\(by)\n", .result)
        case 3:
            canBaseline = true
            return ("  window last \(length())\(by)\n", .result)
        case 4: return ("  window every \(below(4) + 1) events\(by)\n", .result)
        case 5, 6:
            let zone = chance(4) ? pick("1d", "6h", "7d") + " in \"Europe/Berlin\"" : length()
            return ("  window every \(zone)\(by)\n", .closing)
        case 7: return ("  window every 1s over \(pick("1s", "2s", "5s"))\(by)\n", .closing)
        case 8: return ("  window session \(length())\(by)\n", .closing)
        default:
            isSilent = true
            if hasTable, captures.contains("id") {
                keys = ["id"]
                return ("  window silent \(length()) among tab by id\n", .closing)
            }
            return ("  window silent \(length())\(by)\n", .closing)
        }
    }

    private mutating func condition(_ scope: Scope) {
        guard chance(2) else { return }
        text += "  when \(truth(scope, 1))\(maybe(" for \(length())", 3))"
        if chance(4) { text += " until \(truth(scope, 1))" }
        text += "\n"
    }

    private mutating func publishes(_ number: Int, _ scope: Scope) {
        let names = scope == .closing ? keys : captures
        let topic = names.isEmpty ? "o\(number)/x" : "o\(number)/{\(names[below(names.count)])}"
        let options =
            " \(maybe("qos \(below(3)) "))\(maybe("retain "))\(maybe("expires 1h ", 4))\(maybe("priority low ", 4))"
        for index in 0...below(2) {
            let isLast = index == 1 && chance(2) && text.hasSuffix("\n")
            text += isLast && text.contains(" until ") ? "  on clear publish " : "  publish "
            text += "\"\(topic)\"\(options)\(body(scope))\n"
        }
    }

    private mutating func body(_ scope: Scope) -> String {
        switch below(4) {
        case 0 where scope != .closing: return ""
        case 1: return "payload \(value(scope, 0))"
        default:
            let members = (0...below(4)).map { "m\($0): \(value(scope, 1))" }
            return "{ \((keys + members).joined(separator: ", ")) }"
        }
    }

    // MARK: Expressions

    private mutating func value(_ scope: Scope, _ depth: Int) -> String {
        switch below(8) {
        case 0: return letters(scope, depth)
        case 1: return truth(scope, depth)
        case 2: return "[\(numeral(scope, depth + 1)), \(letters(scope, depth + 1))]"
        case 3: return "{ k: \(numeral(scope, depth + 1)) }"
        case 4: return scope == .closing ? "time()" : pick("time()", "arrived()", "topic()", "qos()", ".")
        default: return numeral(scope, depth)
        }
    }

    /// An argument of an aggregate, of any type.
    private mutating func argument() -> String {
        isNumberPayload ? "." : pick(".v", ".v", ".n", ".t", ".ts", ".q", ".a", "time()", lets.last ?? ".v")
    }

    private mutating func numeral(_ scope: Scope, _ depth: Int) -> String {
        if depth > 3 { return pick("1", "0.5", "-3", "1e300", "9223372036854775807") }
        if scope != .event, hasAggregates, chance(2) { return aggregate() }
        switch below(9) {
        case 0: return "(\(numeral(scope, depth + 1)) \(pick("+", "-", "*", "/", "%")) \(numeral(scope, depth + 1)))"
        case 1: return "\(pick("abs", "sqrt", "floor", "sign", "ln", "exp"))(\(numeral(scope, depth + 1)))"
        case 2: return "round(\(numeral(scope, depth + 1)), 2)"
        case 3: return "\(pick("least", "greatest"))(\(numeral(scope, depth + 1)), \(numeral(scope, depth + 1)))"
        case 4: return "(\(numeral(scope, depth + 1)) ?? \(numeral(scope, depth + 1)))"
        case 5: return "(if \(truth(scope, depth + 1)) then \(numeral(scope, depth + 1)) else 7)"
        default: return leaf(scope)
        }
    }

    private mutating func leaf(_ scope: Scope) -> String {
        if scope == .closing {
            return pick("1", "2.5", keys.first.map { "length(\($0))" } ?? "3", "hour(time())")
        }
        if isNumberPayload { return hasHistory && chance(3) ? "delta(.)" : "." }
        if hasHistory, chance(3) { return pick("delta(.v)", "previous(.n)", "delta(.ts) / 1s") }
        return pick(
            ".v", ".v", ".n", ".a[0]", ".o.x", ".ts", "length(.t)", "number(.t)", "hour(time())",
            captures.contains("id") ? "latest(\"s/{id}\").v" : "latest(\"s/a\").v", lets.last ?? ".v")
    }

    private mutating func aggregate() -> String {
        let argument = argument()
        if canBaseline, chance(5) {
            let baseline = pick("\"frozen\"", "\"gated\", gate: 2")
            return
                "zscore(\(argument), baseline: \(baseline)\(maybe(", floor: 0.1"))\(maybe(", against: \"others\"", 4)))"
        }
        if isSilent {
            return pick(
                "count()", "\(pick("mean", "sum", "min", "max", "stddev", "range", "last", "first"))(\(argument))")
        }
        switch below(6) {
        case 0: return "count()"
        case 1: return "percentile(\(argument), \(below(101)))"
        case 2: return "ewma(\(argument), 0.\(below(9) + 1))"
        case 3: return "zscore(\(argument)\(maybe(", against: \"others\"")))"
        default:
            let name = pick(
                "mean", "sum", "min", "max", "stddev", "variance_sample", "median", "slope", "rate", "first", "last",
                "distinct", "count", "range")
            return "\(name)(\(argument))"
        }
    }

    private mutating func letters(_ scope: Scope, _ depth: Int) -> String {
        if depth > 3 { return "\"x\"" }
        switch below(6) {
        case 0: return "\"n {\(numeral(scope, depth + 1))}\""
        case 1: return "text(\(numeral(scope, depth + 1)))"
        case 2: return "upper(\(letters(scope, depth + 1)))"
        case 3: return "substring(\(letters(scope, depth + 1)), 1, 3)"
        default:
            if scope == .closing || isNumberPayload { return keys.first ?? "\"k\"" }
            return pick(".t", ".q", captures.first ?? ".t")
        }
    }

    private mutating func truth(_ scope: Scope, _ depth: Int) -> String {
        if depth > 2 { return comparison(scope, depth) }
        switch below(8) {
        case 0: return "(\(truth(scope, depth + 1)) \(pick("and", "or")) \(truth(scope, depth + 1)))"
        case 1: return "not (\(truth(scope, depth + 1)))"
        case 2: return "exists(\(leaf(scope)))"
        case 3 where scope == .event && hasHistory && !isNumberPayload: return "changed(\(pick(".q", ".v", ".t")))"
        case 4: return "\(letters(scope, depth + 1)) \(pick("==", "!=")) \"\(pick("a", "b", "text 1", "good"))\""
        case 5: return "\(numeral(scope, depth + 1)) between -2 and \(below(9))"
        case 6 where scope != .closing && !isNumberPayload:
            return pick("matches(.t, '[0-9]$')", ".b", ".q in [\"good\", 1]")
        default: return comparison(scope, depth)
        }
    }

    private mutating func comparison(_ scope: Scope, _ depth: Int) -> String {
        "\(numeral(scope, depth + 2)) \(pick("<", ">", "<=", ">=", "!=")) \(numeral(scope, depth + 2))"
    }
}
