/// A place in a file as people and editors name it: from 1, a column being a Unicode scalar, the end exclusive.
package struct SourcePlace: Sendable, Equatable {
    package var file: String
    package var line: Int
    package var column: Int
    package var endLine: Int
    package var endColumn: Int
    /// The line, or what of a very long one is shown, and the column at which it begins.
    package var excerpt: String
    package var excerptColumn: Int
}

/// One finding about a set of rules.
package struct Diagnostic: Sendable, Equatable {
    package enum Severity: String, Sendable { case error, warning }

    /// Another place that belongs to the finding, and what it has to do with it.
    package struct Label: Sendable, Equatable {
        package var place: SourcePlace
        package var text: String
    }

    package var code: DiagnosticCode
    package var message: String
    /// What to do, shown under the underlined place.
    package var help: String?
    package var place: SourcePlace
    package var labels: [Label] = []
    /// Further sentences, each on a line of its own.
    package var notes: [String] = []

    package var severity: Severity { code.severity }
}

/// Collects the findings of one run; at most `RuleLimits.diagnosticsMax`, and one for a place and code.
final class DiagnosticLog {
    private struct Key: Hashable {
        var code: DiagnosticCode
        var span: SourceSpan
    }

    private(set) var sources: [SourceText]
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0
    private var seen: Set<Key> = []
    private var leftOut = 0
    private var lastSpan: SourceSpan?

    init(sources: [SourceText]) {
        self.sources = sources
    }

    /// Takes in a file that is no rule file, so that findings can point into it; returns its number.
    func add(_ file: RuleSourceFile) -> Int {
        sources.append(SourceText(file, index: sources.count))
        return sources.count - 1
    }

    /// Counts an error that was reported at another place.
    func countError() { errorCount += 1 }

    func report(
        _ code: DiagnosticCode, _ span: SourceSpan, _ message: String, help: String? = nil,
        labels: [(span: SourceSpan, text: String)] = [], notes: [String] = []
    ) {
        if code.severity == .error { errorCount += 1 }
        guard seen.insert(Key(code: code, span: span)).inserted else { return }
        guard diagnostics.count < RuleLimits.diagnosticsMax else {
            leftOut += 1
            lastSpan = span
            return
        }
        diagnostics.append(
            Diagnostic(
                code: code, message: message, help: help, place: sources[span.file].place(span),
                labels: labels.map { Diagnostic.Label(place: sources[$0.span.file].place($0.span), text: $0.text) },
                notes: notes))
    }

    /// All findings in the order of files and places.
    func sorted() -> [Diagnostic] {
        let ranks = Dictionary(sources.map { ($0.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        func key(_ diagnostic: Diagnostic) -> (Int, Int, Int, UInt16) {
            let place = diagnostic.place
            return (ranks[place.file] ?? 0, place.line, place.column, diagnostic.code.rawValue)
        }
        var result = diagnostics.sorted { key($0) < key($1) }
        if leftOut > 0, let lastSpan {
            result.append(
                Diagnostic(
                    code: .tooManyFindings, message: "\(leftOut) more findings are not shown",
                    help: "correct those above first", place: sources[lastSpan.file].place(lastSpan)))
        }
        return result
    }
}
