/// What an editor shows about the words of the language: how each is written, and one line that says what it does.
struct WordHelp: Sendable {
    var usage: String
    var line: String
}

extension WordHelp {
    /// Of a function or an aggregate.
    static func function(_ name: String) -> WordHelp? {
        guard let line = lines[name] else { return nil }
        if let aggregate = FunctionNames.aggregates[name] {
            if let function = FunctionNames.values[name] {
                return WordHelp(usage: "\(function.signature.usage) or \(aggregate.usage)", line: line)
            }
            return WordHelp(usage: name == "zscore" ? zscoreUsage : aggregate.usage, line: line)
        }
        if let function = FunctionNames.values[name] { return WordHelp(usage: function.signature.usage, line: line) }
        if FunctionNames.histories[name] != nil { return WordHelp(usage: "\(name)(x)", line: line) }
        if FunctionNames.facts[name] != nil { return WordHelp(usage: "\(name)()", line: line) }
        return WordHelp(usage: specialUsages[name] ?? "\(name)(x)", line: line)
    }

    private static let zscoreUsage =
        "zscore(x, against: \"others\", floor: 0.1, baseline: \"frozen\" or \"gated\", gate: 3)"
    private static let specialUsages = [
        "matches": "matches(text, 'pattern')", "property": "property(\"name\")",
        "latest": "latest(\"topic/{capture}\")",
    ]

    private static let lines: [String: String] = [
        "abs": "The value without its sign.", "sign": "-1, 0 or 1.", "sqrt": "The square root.",
        "exp": "e to the power of x.", "ln": "The natural logarithm.", "log10": "The logarithm to the base of 10.",
        "pow": "x to the power of y.", "sin": "Sine, x in radians.", "cos": "Cosine, x in radians.",
        "tan": "Tangent, x in radians.", "ceil": "The next whole number up.", "floor": "The next whole number down.",
        "round": "The nearest number with so many digits; halves go away from zero.",
        "least": "The least of its arguments.", "greatest": "The greatest of its arguments.",
        "clamp": "x, but not below low and not above high.", "exists": "Whether there is a value.",
        "length": "Characters of a text, elements of a list.", "lower": "The text in small letters.",
        "upper": "The text in capitals.", "trim": "The text without space at its ends.",
        "contains": "Whether the part is anywhere in the text.",
        "starts_with": "Whether the text begins with the part.", "ends_with": "Whether the text ends with the part.",
        "substring": "So many characters; they are counted from 0.",
        "split": "The parts of the text between the separators, as a list.",
        "number": "The value as a number; missing where it is none.", "text": "The value as a text.",
        "boolean": "The value as a boolean; missing where it is none.",
        "hour": "Hour of the day, 0 to 23, in UTC or in the zone of the second argument.",
        "weekday": "Monday is 1, Sunday 7; in UTC or in the zone of the second argument.",
        "error": "Mean squared difference of two lists.",
        "count": "Events of the window; count(x): those that have x.",
        "count_if": "Events of the window for which the condition is true.",
        "sum": "The sum over the window.", "mean": "The mean over the window.",
        "min": "The least value of the window.", "max": "The greatest value of the window.",
        "variance": "Variance of all values of the window.",
        "stddev": "Standard deviation of all values of the window.",
        "variance_sample": "Variance, divided by n - 1; needs two values.",
        "stddev_sample": "Standard deviation, divided by n - 1; needs two values.",
        "median": "The value in the middle of the window.",
        "percentile": "The value below which p percent of the window are; p is 0 to 100.",
        "first": "The first value of the window, in the order of arrival.",
        "last": "The last value of the window, in the order of arrival.",
        "distinct": "The number of different values of the window.",
        "range": "Greatest minus least value of the window.", "slope": "Least-squares change per second.",
        "rate": "(last - first) per second.", "ewma": "Moving average; the new value weighs a.",
        "collect": "The values of the window as a list.", "all": "Whether the condition is true for all events.",
        "any": "Whether the condition is true for at least one event.",
        "zscore": "How many standard deviations the newest value is from the mean.",
        "previous": "The value at the event before; missing at the first.", "delta": "x - previous(x).",
        "changed": "Whether x differs from the event before; true at the first.",
        "topic": "The topic of the message.", "qos": "The QoS of the message: 0, 1 or 2.",
        "retained": "Whether the message is repeated because it is retained.",
        "client": "The identity of the client that sent the message.",
        "time": "Time of the event; of a window that closes by time, its end.",
        "arrived": "When the message arrived.", "now": "The clock.",
        "window_start": "Where the time window begins.", "window_end": "Where the time window ends.",
        "matches": "Whether the pattern (RE2's dialect) is found anywhere in the text.",
        "property": "The user property of this name of the message.",
        "latest": "The payload of the last message on another topic.",
    ]

    /// Of a word of the grammar.
    static let keywords: [String: WordHelp] = [
        "rule": help("rule name { … }", "A rule: which messages it takes, and what it makes of them."),
        "from": help("from \"topic/{name}\", … [as number] [{ field: type }]", "Which messages come in."),
        "at": help("at .field [s|ms|us|ns] [late 5s] [ahead 1h]", "Where in the message its time stands."),
        "late": help("late 5s", "Windows stay open so long for messages that come late."),
        "ahead": help("ahead 1h", "Events further in the future than this are refused."),
        "where": help("where condition", "Only events for which the condition is true go on."),
        "let": help("let name = value", "A name for a value, for all that follows; outside of rules a constant."),
        "dedupe": help("dedupe key, … within 1m", "Drops repetitions of the same keys for a time."),
        "within": help("within 1m", "How long repetitions are dropped."),
        "window": help(
            "window last 100 | last 30s | every 5m | every 1m over 15m | session 30s | silent 60s by key, …",
            "Which events are looked at together."),
        "last": help("window last 100 | last 30s", "The newest events; a result at each event."),
        "every": help("window every 5m | every 20 events", "Windows one after another; a result at the end of each."),
        "over": help("every 1m over 15m", "Windows that overlap: each looks back so far."),
        "session": help("window session 30s", "Events without a longer pause between them."),
        "silent": help("window silent 60s [among table]", "Tells once that nothing has come for so long."),
        "among": help("silent 60s among table", "Also devices of the table that never spoke."),
        "by": help("by key, …", "One window (or limit) for each value of the keys."),
        "when": help("when condition [for 10s] [until condition]", "Which results are worth telling."),
        "for": help("for 10s", "Only if the condition has been true for so long."),
        "until": help("until condition", "The alarm, once raised, waits for this before it can be raised again."),
        "limit": help("limit 1 per 10m [by key]", "At most so many publications in a period."),
        "per": help("per 10m", "The period of the limit."),
        "publish": help(
            "publish \"topic\" [qos 0|1|2] [retain] [expires 1h] [{ … } | payload value]", "What goes out."),
        "on": help("on clear publish \"topic\" …", "What goes out when the alarm is cleared."),
        "retain": help("retain", "The broker keeps the message for whoever subscribes later."),
        "expires": help("expires 1h", "The message is worth nothing after this time."),
        "priority": help("priority high|normal|low", "Which messages go to the cloud first after an outage."),
        "payload": help("payload value", "The value itself is the payload, and not an object."),
        "test": help(
            "test \"what must hold\" { … }", "Sends messages to the rules of its file, and says what comes out."),
        "send": help("send [3 times] \"topic\" { … } [every 1s] [at 90s]", "Sends a message to the rules."),
        "wait": help("wait 5m", "Moves the clock of the test."),
        "expect": help("expect [3 times] \"topic\" { … } | expect nothing", "Takes the next output."),
        "table": help("table name from \"file.csv\" key column", "A file of what is known: `name[key].column`."),
        "model": help(
            "model name from \"file.onnx\" [labels \"a\", \"b\"] [logits]", "A file of ONNX: `name(…)` runs it."),
        "labels": help("labels \"a\", \"b\"", "Names of the model's classes, in the order of its scores."),
        "logits": help("logits", "The model's scores are logits: softmax makes probabilities of them."),
        "and": help("a and b", "True when both are."), "or": help("a or b", "True when one of them is."),
        "not": help("not a", "True when a is false."),
        "in": help("x in [a, b]", "Whether the list holds x."),
        "between": help("x between low and high", "Whether x is from low up to high, both included."),
        "if": help("if condition then a else b", "One value or the other."),
        "missing": help("missing", "No value. Ask with `exists(x)`, replace with `x ?? other`."),
    ]

    private static func help(_ usage: String, _ line: String) -> WordHelp { WordHelp(usage: usage, line: line) }
}
