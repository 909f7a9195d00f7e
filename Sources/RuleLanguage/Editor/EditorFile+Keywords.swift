// Words of the grammar, where each can stand.

extension EditorFile {
    /// Clauses that can still follow what stands above `offset`.
    func clauses(at offset: Int, _ section: Int) -> [EditorCompletion] {
        var order = ClauseOrder()
        var seen: Set<String> = []
        for index in tokens.indices where tokens[index].span.start >= sections[section].start {
            guard tokens[index].span.end < offset else { break }
            guard let word = word(at: index), Self.clauseSnippets.contains(where: { $0.word == word }),
                !isFieldName(index), !isSymbol(.colon, at: index + 1)
            else { continue }
            _ = order.place(word == "on" ? "publish" : word)
            seen.insert(word)
        }
        let once: Set<String> = ["from", "at", "window", "when", "limit"]
        return Self.clauseSnippets.filter { clause in
            guard !once.contains(clause.word) || !seen.contains(clause.word) else { return false }
            var next = order
            return next.place(clause.word == "on" ? "publish" : clause.word) == nil
        }.map { Self.snippet($0.word, $0.snippet) }
    }

    private static let clauseSnippets: [(word: String, snippet: String)] = [
        ("from", "from \"$1\""), ("at", "at .${1:time} ${2:ms}"), ("where", "where $1"), ("let", "let $1 = $2"),
        ("dedupe", "dedupe $1 within ${2:1m}"), ("window", "window ${1:last} ${2:30s} by $3"), ("when", "when $1"),
        ("limit", "limit ${1:1} per ${2:10m}"), ("publish", "publish \"$1\" { $2 }"),
        ("on", "on clear publish \"$1\" { $2 }"),
    ]

    static let declarations: [EditorCompletion] = [
        snippet("rule", "rule ${1:name} {\n  from \"$2\"\n  publish \"$3\" { $4 }\n}"),
        snippet("test", "test \"$1\" {\n  send \"$2\" { $3 }\n  expect \"$4\" { $5 }\n}"),
        snippet("let", "let $1 = $2"), snippet("table", "table $1 from \"${2:file.csv}\" key ${3:id}"),
        snippet("model", "model $1 from \"${2:models/file.onnx}\""),
    ]

    static let testSteps: [EditorCompletion] = [
        snippet("send", "send \"$1\" { $2 }"), snippet("expect", "expect \"$1\" { $2 }"),
        snippet("wait", "wait ${1:1m}"),
    ]

    static let operators: [EditorCompletion] =
        ["and", "or", "not", "in", "between", "if", "then", "else", "missing"]
        .map(plainWord) + ["for", "until", "by", "per", "within"].map(plainWord)

    /// Where only few words can follow.
    static func words(after word: String) -> [String] {
        switch word {
        case "window": ["last", "every", "session", "silent"]
        case "as": ["json", "number", "text", "bytes", "cbor"]
        case "on": ["clear"]
        case "expect": ["nothing"]
        case "qos": ["0", "1", "2"]
        case "priority": ["high", "normal", "low"]
        default: []
        }
    }

    static func plainWord(_ word: String) -> EditorCompletion {
        let help = WordHelp.keywords[word]
        return EditorCompletion(
            label: word, kind: .keyword, detail: help?.usage ?? word, documentation: help?.line ?? "", insertion: word)
    }

    private static func snippet(_ word: String, _ snippet: String) -> EditorCompletion {
        var result = plainWord(word)
        result.insertion = snippet
        result.isSnippet = true
        return result
    }
}
