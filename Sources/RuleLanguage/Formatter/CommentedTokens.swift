/// The tokens of a file without closing commas, each with its text and the comments that belong to it.
struct CommentedTokens {
    struct Comment: Equatable {
        var text: String
        var hasBlankLineBefore: Bool
    }

    struct Item {
        var kind: TokenKind
        var text: String
        /// Of the text, in Unicode scalars.
        var width: Int
        /// Comments on lines of their own above the token.
        var leading: [Comment] = []
        /// Whether a blank line stands right above the token, below its comments.
        var hasBlankLineBefore = false
        /// The comment behind the token on its line.
        var trailing: String?
    }

    /// The last one is the end of the file, with an empty text.
    private(set) var items: [Item] = []

    init(_ tokens: [Token], _ source: SourceText) {
        var end = 0
        for token in tokens {
            let text = source.text(token.span)
            var item = Item(kind: token.kind, text: text, width: text.unicodeScalars.count)
            gather(source.bytes[end..<token.span.start], before: &item)
            items.append(item)
            end = token.span.end
        }
        settleCommas()
    }

    /// The texts of the tokens.
    var words: [String] { items.map(\.text) }

    static func words(of text: String, _ name: String) -> [String] {
        let source = SourceText(RuleSourceFile(name: name, text: text), index: 0)
        let log = DiagnosticLog(sources: [source])
        var lexer = Lexer(source, log: log)
        return CommentedTokens(lexer.tokens(), source).words
    }

    /// Shares the comments between two tokens out to them.
    private mutating func gather(_ gap: ArraySlice<UInt8>, before item: inout Item) {
        let lines = gap.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var isBlank = false
        for (number, line) in lines.enumerated() {
            guard let start = line.firstIndex(of: UInt8(ascii: "#")) else {
                if number > 0, number < lines.count - 1 { isBlank = true }
                continue
            }
            var comment = line[start...]
            while let last = comment.last, [0x20, 0x09, 0x0D].contains(last) { comment.removeLast() }
            let text = String(decoding: comment, as: UTF8.self)
            if number == 0, !items.isEmpty {
                items[items.count - 1].trailing = text
            } else {
                item.leading.append(Comment(text: text, hasBlankLineBefore: isBlank))
            }
            isBlank = false
        }
        item.hasBlankLineBefore = isBlank
    }

    /// A comment between a value and its comma goes behind the comma; a comma before a closing bracket goes.
    private mutating func settleCommas() {
        var index = 1
        while index < items.count - 1 {
            guard case .symbol(.comma) = items[index].kind else {
                index += 1
                continue
            }
            let comments = [items[index - 1].trailing].compactMap { $0 } + items[index].leading.map(\.text)
            let all = comments + [items[index].trailing].compactMap { $0 }
            let further = all.dropFirst().map { Comment(text: $0, hasBlankLineBefore: false) }
            items[index + 1].leading.insert(contentsOf: further, at: 0)
            items[index].leading = []
            switch items[index + 1].kind {
            case .symbol(.rightBrace), .symbol(.rightBracket), .symbol(.rightParenthesis):
                items[index - 1].trailing = all.first
                items.remove(at: index)
            default:
                items[index - 1].trailing = nil
                items[index].trailing = all.first
                index += 1
            }
        }
    }
}
