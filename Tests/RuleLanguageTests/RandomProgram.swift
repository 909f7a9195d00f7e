import RuleLanguage

/// Programs that parse, of random clauses and expressions, with white space and comments in random places.
struct RandomProgram {
    /// Words and signs that white space may separate.
    private(set) var words: [String] = []
    private var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        for number in 0...random.next(below: 3) { declaration(number) }
    }

    /// The words on one line.
    var plain: String { words.joined(separator: " ") }

    /// The words with random white space, and numbered comments in the order in which they stand.
    mutating func scattered(comments: Bool) -> (text: String, comments: [String]) {
        var text = ""
        var written: [String] = []
        func comment() -> String {
            written.append("# note \(written.count)")
            return written[written.count - 1]
        }
        for word in words {
            text += word
            switch random.next(below: comments ? 12 : 6) {
            case 0: text += "\n"
            case 1: text += "\n \t\n\r\n  "
            case 2: text += "   "
            case 6: text += comment() + "\n"
            case 7: text += "\n" + comment() + "  \n"
            case 8: text += " " + comment() + "\n\n" + comment() + "\n\n\n"
            default: text += " "
            }
        }
        return (text, written)
    }

    // MARK: Declarations

    private mutating func pick(_ texts: String...) -> String { texts[random.next(below: texts.count)] }

    private mutating func add(_ text: String) { words += text.split(separator: " ").map(String.init) }

    private mutating func maybe(_ text: String) { if random.next(below: 2) == 0 { add(text) } }

    private mutating func declaration(_ number: Int) {
        switch random.next(below: 8) {
        case 0: add("let c\(number) = \(random.next(below: 9)).5")
        case 1: add("model m\(number) from \"m.onnx\" labels \"a\" , \"b\" logits")
        case 2: add("table t\(number) from \"t.csv\" key id")
        case 3: test(number)
        default: rule(number)
        }
    }

    private mutating func rule(_ number: Int) {
        add("rule r\(number)")
        maybe("\"title\"")
        add("{ from \"in/{x}/{y}\"")
        maybe("as json { v : number , t : time ms }")
        maybe(", \"old/{x}/{y}/#\"")
        if random.next(below: 3) == 0 {
            add("at")
            expression(2)
            add("s late 5s ahead 1h")
        }
        for step in 0..<random.next(below: 3) {
            add(step == 0 ? "let l\(step) =" : "where")
            expression(0)
        }
        if random.next(below: 3) == 0 { add("dedupe .a , .b within 10m") }
        let window = pick(
            "last 10", "last 30s", "every 5 events", "every 5m over 1h in \"Europe/Berlin\"", "session 10s",
            "silent 60s among t")
        maybe("window \(window) by x , y")
        if random.next(below: 2) == 0 {
            add("when")
            expression(0)
            maybe("for 10s")
            maybe("until .v < 3")
        }
        maybe("limit 1 per 10m by x , y")
        publish("publish")
        if random.next(below: 3) == 0 { publish("on clear publish") }
        add("}")
    }

    private mutating func publish(_ start: String) {
        add("\(start) \"out/{x}\"")
        maybe("qos 1")
        maybe("retain")
        maybe("expires 1h")
        maybe("priority low")
        switch random.next(below: 3) {
        case 0: object(0)
        case 1:
            add("payload")
            expression(0)
        default: break
        }
    }

    private mutating func test(_ number: Int) {
        add("test \"t\(number)\" {")
        for _ in 0...random.next(below: 4) {
            switch random.next(below: 4) {
            case 0: add("wait 5m")
            case 1: add("expect nothing")
            case 2:
                add("expect 2 times \"out/a\"")
                object(2)
            default:
                add("send 3 times \"in/a/b\"")
                object(2)
                maybe("every 10s")
                maybe("at \"2000-01-01T01:00:00Z\"")
            }
        }
        add("}")
    }

    // MARK: Expressions

    private mutating func object(_ depth: Int) {
        add("{")
        let count = random.next(below: 5)
        for member in 0..<count {
            if member > 0 { add(",") }
            if random.next(below: 4) == 0 {
                add("x\(member)")
            } else {
                add(member == 1 ? "\"odd-key\" :" : "m\(member) :")
                expression(depth + 1)
            }
        }
        if count > 0 { maybe(",") }
        add("}")
    }

    private mutating func expression(_ depth: Int) {
        if depth < 3, random.next(below: 8) == 0 {
            for word in ["if", "then", "else"] {
                add(word)
                expression(depth + 1)
            }
            return
        }
        for position in 0...(random.next(below: 5) / 2) {
            if position > 0 { add(pick("or", "and")) }
            maybe(pick("not", "not not"))
            comparison(depth + 1)
        }
    }

    private mutating func comparison(_ depth: Int) {
        sum(depth)
        switch random.next(below: 5) {
        case 0:
            add("between")
            sum(depth)
            add("and")
            sum(depth)
        case 1:
            add(pick("in", "not in"))
            sum(depth)
        case 2:
            add(pick("==", "!=", "<", "<=", ">", ">="))
            sum(depth)
        default: break
        }
    }

    private mutating func sum(_ depth: Int) {
        operand(depth)
        for _ in 0..<(random.next(below: 6) / 3) {
            add(pick("+", "-", "*", "/", "%", "??"))
            operand(depth)
        }
    }

    private mutating func operand(_ depth: Int) {
        if random.next(below: 6) == 0 { add(pick("-", "- -")) }
        guard depth < 4, random.next(below: 2) == 0 else {
            add(
                pick(
                    ".", ".v", ".a.\"b\"", "x", "12", "0.5e3", "1_000", "90s", "\"a{.v+1}b#\"", "'raw#'", "missing",
                    "c0"))
            return
        }
        switch random.next(below: 5) {
        case 0:
            add("(")
            expression(depth + 1)
            add(")")
        case 1:
            add("[")
            expression(depth + 1)
            maybe(",")
            add("]")
        case 2: object(depth + 1)
        case 3:
            add(pick(".list [", "x ["))
            expression(depth + 1)
            add("] .last")
        default:
            add(pick("mean (", "percentile ( p : 5 ,", "greatest ( 1 ,"))
            expression(depth + 1)
            add(")")
        }
    }
}
