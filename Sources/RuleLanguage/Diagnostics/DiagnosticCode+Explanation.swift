// The words of the registry. The manual's table (docs/language.md) has one row for each.

extension DiagnosticCode {
    typealias Summary = (title: String, explanation: String)

    var readingSummary: Summary {
        switch self {
        case .unexpectedCharacter:
            (
                "unexpected character",
                "A character that the language does not use. Texts go in double quotes, comments begin with `#`."
            )
        case .unfinishedText:
            (
                "text without an end",
                "A text ends with its quote on the line on which it begins; `\\n` stands for a line end."
            )
        case .unknownEscape:
            (
                "unknown escape",
                "Only `\\\"`, `\\\\`, `\\n`, `\\t`, `\\{` and `\\u{…}` are escapes. Single quotes give a raw text."
            )
        case .unusableNumber:
            (
                "number that can't be kept",
                "Integers have 64 bits, durations whole nanoseconds, and all others are finite doubles."
            )
        case .unknownUnit:
            ("unknown unit", "Durations are one number with `ms`, `s`, `m`, `h` or `d`.")
        case .brokenInterpolation:
            (
                "broken `{…}` in a text",
                "`{…}` in a text holds one expression and closes on the same line; write `\\{` for a brace."
            )
        case .foreignOperator:
            ("operator of another language", "Write `and`, `or`, `not`, `==` and `!=`.")
        case .unexpectedToken:
            ("unexpected word or sign", "Something else must stand here; the message says what.")
        case .clauseOutOfOrder:
            ("clause out of order", "A rule reads from, at, where/let/dedupe, window, let, when, limit, publish.")
        case .repeatedClause:
            ("clause written twice", "A rule has at most one `from`, `at`, `window`, `when` and `limit`.")
        case .missingClause:
            ("clause missing", "A rule needs at least `from` and `publish`.")
        case .chainedComparison:
            ("chained comparison", "Comparisons do not chain: write `a < b and b < c`, or `b between a and c`.")
        case .nestedTooDeep:
            ("nested too deep", "Brackets or operands are nested deeper than the limit: give parts a name with `let`.")
        case .unclosedBlock:
            ("block without an end", "A `{`, `(` or `[` has no closing counterpart.")
        case .reservedWord:
            ("reserved word used as a name", "Words of the grammar can't name rules, lets, captures, models or tables.")
        case .zeroNotAllowed:
            ("zero where something is needed", "Counts and durations of clauses are greater than zero.")
        default:
            ("plain text needed", "A text without `{…}` must stand here.")
        }
    }

    var nameSummary: Summary {
        switch self {
        case .repeatedRule: ("rule name used twice", "The names of rules are unique over all files.")
        case .repeatedName: ("name defined twice", "Two lets of a rule, or two declarations of a file, have one name.")
        case .unknownName:
            ("unknown name", "No let, capture or constant has this name. Payload fields begin with a dot.")
        case .unknownFunction: ("unknown function", "No function or aggregate has this name.")
        case .unknownOption: ("unknown option", "The function or clause does not have this option.")
        case .undeclaredField: ("field not in the schema", "The schema of the source does not declare this field.")
        case .differingCaptures: ("sources capture different names", "All sources of a rule capture the same names.")
        case .repeatedCapture: ("capture named twice", "A topic captures each name once.")
        case .usedBeforeDefined: ("name used above its `let`", "A `let` can be used below its definition only.")
        case .repeatedMember:
            ("member written twice", "An object has each member once, a schema each field, and a model each label.")
        case .unknownZone:
            (
                "time zone that can't be used",
                "Zones have names of the IANA list; their data come from the system's `tzdata`."
            )
        case .unknownColumn: ("unknown column", "The table has no column of this name.")
        case .unknownResult:
            ("result that the model does not give", "The model has no such output; the message says what it has.")
        default:
            ("name used as something that it is not", "A function is called with `(…)`, and a value is not called.")
        }
    }

    var valueSummary: Summary {
        switch self {
        case .wrongType: ("wrong type", "The operation gives missing for values of this type.")
        case .wrongArgumentCount: ("wrong number of arguments", "The function takes another number of arguments.")
        case .constantNeeded: ("constant needed", "The value must be known when the rule is checked.")
        case .valueOutOfRange: ("value out of range", "The value is outside of what the function or clause takes.")
        case .badPattern: ("bad pattern", "The pattern of `matches` is no regular expression of the RE2 dialect.")
        case .notAConstant:
            ("not a constant", "A `let` outside of rules holds only literals, constants and functions of them.")
        case .comparedWithMissing:
            ("comparison with `missing`", "Comparing with `missing` gives missing: use `exists(…)`.")
        case .alwaysMissing: ("always missing", "The expression has no value, whatever the message.")
        case .wrongModelInput:
            ("wrong input of a model", "The numbers do not fill the model's inputs, or are not of their type.")
        default: ("index that never exists", "Lists are indexed from 0 by whole numbers.")
        }
    }

    var proofSummary: Summary {
        switch self {
        case .neverTrue:
            (
                "condition that can never be true",
                "Whatever arrives, the condition is not true, so the rule never fires."
            )
        case .alwaysTrue:
            ("condition that is always true", "The condition decides nothing: leave it out or correct it.")
        case .untilOverlapsWhen:
            ("`until` overlaps `when`", "A value for which both are true would raise and clear in turn.")
        case .ruleFeedsItself:
            (
                "rule that can feed itself",
                "What the rule publishes can arrive at its own `from`, straight or through other rules."
            )
        case .clauseWithoutEffect: ("clause without effect", "The clause never does anything in this rule.")
        case .equalityOfComputedNumber:
            ("equality of a computed number", "Computed doubles are rarely exactly equal: compare with a tolerance.")
        default: ("`late` without effect", "No part of the rule waits for late events.")
        }
    }

    var windowSummary: Summary {
        switch self {
        case .aggregateWithoutWindow:
            ("aggregate without a window", "Aggregates are taken over the events of a `window`.")
        case .aggregateNotAllowedHere:
            ("aggregate not allowed here", "Aggregates stand below `window`, and not inside one another.")
        case .fieldWithoutEvent:
            (
                "field without an event",
                "The window is evaluated when it closes, without an event of its own: say `last(.field)`."
            )
        case .nameIsNoKey:
            ("name that is no key of the window", "When a window closes only its `by` names have one value.")
        case .noWindowBounds: ("no window bounds", "`window_start()` and `window_end()` exist for time windows only.")
        case .nameBelowWindow:
            ("name below the window in an aggregate", "Aggregates see events, so the `let` must stand above `window`.")
        case .windowNotAligned:
            ("lengths that do not fit", "The length after `over` is a multiple of the step; hours of a zone divide 24.")
        case .aggregateNotForWindow:
            ("aggregate not for this window", "This kind of window does not keep what the aggregate needs.")
        case .forwardWithoutEvent:
            ("nothing to forward", "Without an event there is no payload to forward: write what to publish.")
        case .modelNotAllowedHere:
            (
                "model called where it can't be",
                "A model runs once for an event or an evaluation: bind its result with `let`."
            )
        default: ("fact not available here", "The fact belongs to one message, and here there is none.")
        }
    }

    var fileSummary: Summary {
        switch self {
        case .unreadableFile:
            ("file that can't be read", "A file that the rules name is not there, too large, or not what it should be.")
        case .badTable:
            ("table that does not fit", "A table has a column for its key, and every column has a name of its own.")
        case .badTableRow:
            ("bad row of a table", "A row has a cell for each column and a key; a .json table is an array of objects.")
        case .unusableModel:
            ("model that can't be used", "The file is not there, or it is no model that ONNX Runtime opens.")
        case .missingRuntime:
            ("ONNX Runtime is missing", "Models are run by ONNX Runtime, a library that is installed beside Sluice.")
        case .unsupportedModel:
            (
                "model that rules can't fill",
                "Inputs hold numbers or booleans, and only the number of rows is left open."
            )
        case .labelsDoNotFit:
            (
                "labels that do not fit the model",
                "Labels name the scores of a model, one for each; `logits` are scores too."
            )
        default:
            ("key of a table used twice", "Two rows have one key. The last one counts.")
        }
    }

    var topicSummary: Summary {
        switch self {
        case .badFilter:
            ("bad topic filter", "`+`, `#` and `{name}` are whole levels, `#` and `{name...}` the last one.")
        case .badTopic: ("bad topic", "A topic is not empty and has no wildcard and no NUL.")
        case .badQoS: ("bad QoS", "The quality of service is 0, 1 or 2.")
        case .schemaNeedsJSON: ("schema without fields to check", "Only `as json` and `as cbor` payloads have fields.")
        case .topicOfNoRule:
            ("test with a topic of no rule", "No rule of the test's file takes the topic, or publishes to it.")
        case .tooLarge: ("too large", "A limit on the size of rules is reached.")
        default: ("more findings than are shown", "Correct those that are shown first.")
        }
    }
}
