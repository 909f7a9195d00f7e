import RuleLanguage

/// What `sluice test` writes about tests that have run.
package struct RuleTestReport: Sendable {
    package let results: [RuleTestResult]

    package init(_ results: [RuleTestResult]) { self.results = results }

    package var failureCount: Int { results.count { $0.failure != nil } }

    /// A line for each test, what is wrong under those that failed, and the sum.
    package var text: String {
        var lines: [String] = []
        for result in results {
            lines.append("\(result.failure == nil ? "✔" : "✘") \(result.name)  \(RuleTestReport.shown(result.place))")
            if let failure = result.failure { lines += RuleTestReport.lines(failure).map { "    " + $0 } }
        }
        if results.isEmpty { return "there are no tests\n" }
        let count = results.count == 1 ? "1 test" : "\(results.count) tests"
        lines.append(failureCount == 0 ? "\(count) passed" : "\(count), \(failureCount) failed")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func shown(_ place: SourcePlace) -> String { "\(place.file):\(place.line)" }

    private static func lines(_ failure: RuleTestFailure) -> [String] {
        var lines = ["\(shown(failure.place)): \(failure.message)"]
        if let expected = failure.expected { lines.append("  expected: \(expected)") }
        if let actual = failure.actual { lines.append("  actual:   \(actual)") }
        if let difference = failure.difference { lines.append("  \(difference)") }
        return lines + failure.notes.map { "  \($0)" }
    }

    /// `{"tests": [{"name", "file", "line", "passed", "failure"}], "passed", "failed"}`; `failure` is null or an object.
    package var json: String {
        let tests = results.map { result in
            JSONObject([
                ("name", .text(result.name)), ("file", .text(result.place.file)), ("line", .number(result.place.line)),
                ("passed", .boolean(result.failure == nil)),
                ("failure", result.failure.map { .raw(RuleTestReport.json($0)) } ?? .null),
            ]).text
        }
        return JSONObject([
            ("tests", .raw("[" + tests.joined(separator: ", ") + "]")),
            ("passed", .number(results.count - failureCount)), ("failed", .number(failureCount)),
        ]).text
    }

    private static func json(_ failure: RuleTestFailure) -> String {
        func text(_ text: String?) -> JSONObject.Member { text.map { .text($0) } ?? .null }
        return JSONObject([
            ("file", .text(failure.place.file)), ("line", .number(failure.place.line)),
            ("message", .text(failure.message)), ("expected", text(failure.expected)),
            ("actual", text(failure.actual)), ("difference", text(failure.difference)),
            ("notes", .texts(failure.notes)),
        ]).text
    }
}

/// An object of JSON for programs that read a report.
struct JSONObject {
    enum Member {
        case null
        case boolean(Bool)
        case number(Int)
        case text(String)
        case texts([String])
        /// JSON already.
        case raw(String)

        var json: String {
            switch self {
            case .null: "null"
            case .boolean(let value): value ? "true" : "false"
            case .number(let value): String(value)
            case .text(let value): JSONObject.quoted(value)
            case .texts(let values): "[" + values.map(JSONObject.quoted).joined(separator: ", ") + "]"
            case .raw(let value): value
            }
        }
    }

    private let members: [(String, Member)]

    init(_ members: [(String, Member)]) { self.members = members }

    var text: String {
        "{" + members.map { "\(JSONObject.quoted($0.0)): \($0.1.json)" }.joined(separator: ", ") + "}"
    }

    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        unsafe Array(text.utf8).withUnsafeBytes { unsafe JSONWriter.append(quoted: ByteSlice($0), to: &bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
