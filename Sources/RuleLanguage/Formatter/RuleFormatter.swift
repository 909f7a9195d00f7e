/// The canonical form of a file of rules: the same words and signs, set in one way.
///
/// Only white space changes, and a comma that closes a list goes. Every comment stays with what it stands at, and of
/// blank lines between declarations, clauses, members and comments one is kept.
package enum RuleFormatter {
    package struct Result: Sendable {
        /// nil when the file has errors of syntax, which are in `diagnostics`.
        package var text: String?
        package var diagnostics: [Diagnostic]
    }

    /// Columns of a line, in Unicode scalars, beyond which an object, a list or an expression is broken.
    static let widthMax = 100

    package static func format(_ file: RuleSourceFile) -> Result {
        let isTooLarge = file.text.utf8.count > RuleLimits.fileBytesMax
        let source = SourceText(isTooLarge ? RuleSourceFile(name: file.name, text: "") : file, index: 0)
        let log = DiagnosticLog(sources: [source])
        if isTooLarge {
            log.report(
                .tooLarge, SourceSpan(file: 0, start: 0, end: 0),
                "the file has more than \(RuleLimits.fileBytesMax) bytes", help: "split it")
        }
        var parser = Parser(source, log: log)
        _ = parser.file()
        guard log.errorCount == 0 else { return Result(text: nil, diagnostics: log.sorted()) }
        let tokens = CommentedTokens(parser.tokens, source)
        var builder = LayoutBuilder(tokens)
        let layout = builder.file()
        var printer = LayoutPrinter(tokens, widthMax: widthMax)
        let text = printer.print(layout)
        // Whatever the layout did, a file never comes back with other words than it had.
        let isSound = !builder.isLost && CommentedTokens.words(of: text, file.name) == tokens.words
        return Result(text: isSound ? text : file.text, diagnostics: [])
    }
}
