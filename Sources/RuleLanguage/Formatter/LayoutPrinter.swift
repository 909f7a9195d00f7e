/// What a text may look like: tokens, and the places where a line may end.
indirect enum Layout {
    case token(Int)
    /// One space, unless a line has just begun.
    case space
    case line(Line)
    /// Two columns further in.
    case nest(Layout)
    /// On one line if it fits, else broken at each of its own lines.
    case group(Layout)
    case sequence([Layout])

    struct Line {
        enum BlankLine {
            case never
            /// Before what is first in its block: none above, but kept between its comments and it.
            case first
            case kept
            /// One, wherever it stands among the comments.
            case forced
        }
        /// What stands for it on one line; nil: it always breaks.
        var flat: String?
        var blank = BlankLine.never
        /// Before a closing bracket: comments above it stand inside.
        var isClosing = false
    }
}

/// Sets a layout: each group on one line if it fits, else broken. The work is linear in the text.
struct LayoutPrinter {
    private struct Task {
        var layout: Layout
        var indent: Int
        var isFlat: Bool
    }
    private struct Break {
        var line: Layout.Line
        var indent: Int
    }

    private let tokens: CommentedTokens
    private let widthMax: Int
    private var out = ""
    private var column = 0
    private var stack: [Task] = []
    /// A line end that the next token begins with.
    private var pending: Break?
    private var hasSpace = false
    /// A comment ended the line.
    private var mustBreak = false

    init(_ tokens: CommentedTokens, widthMax: Int) {
        self.tokens = tokens
        self.widthMax = widthMax
    }

    mutating func print(_ layout: Layout) -> String {
        stack = [Task(layout: layout, indent: 0, isFlat: false)]
        while let task = stack.popLast() {
            switch task.layout {
            case .token(let index): write(tokens.items[index], task.indent)
            case .space: hasSpace = true
            case .line(let line):
                if task.isFlat, !mustBreak, let flat = line.flat {
                    hasSpace = hasSpace || !flat.isEmpty
                } else {
                    pending = Break(line: line, indent: task.indent)
                }
            case .nest(let inner):
                stack.append(Task(layout: inner, indent: task.indent + 2, isFlat: task.isFlat))
            case .group(let inner):
                let isFlat = task.isFlat || fits(inner, task.indent)
                stack.append(Task(layout: inner, indent: task.indent, isFlat: isFlat))
            case .sequence(let parts):
                for part in parts.reversed() {
                    stack.append(Task(layout: part, indent: task.indent, isFlat: task.isFlat))
                }
            }
        }
        return out.isEmpty ? out : out + "\n"
    }

    // MARK: Writing

    private mutating func write(_ item: CommentedTokens.Item, _ indent: Int) {
        if mustBreak || !item.leading.isEmpty, pending == nil {
            pending = Break(line: Layout.Line(flat: nil), indent: out.isEmpty ? indent : indent + 2)
        }
        if let pending {
            begin(item, pending)
        } else if hasSpace {
            out += " "
            column += 1
        }
        pending = nil
        hasSpace = false
        mustBreak = false
        out += item.text
        column += item.width
        if let comment = item.trailing {
            out += " " + comment
            mustBreak = true
        }
    }

    /// The comments above a token, and the line that it begins.
    private mutating func begin(_ item: CommentedTokens.Item, _ place: Break) {
        let hasAny = item.hasBlankLineBefore || item.leading.contains(where: \.hasBlankLineBefore)
        var isFirst = true
        func blank(_ isThere: Bool) -> Bool {
            switch place.line.blank {
            case .never: false
            case .first: isThere && !isFirst
            case .kept: isThere
            case .forced: isThere || (isFirst && !hasAny)
            }
        }
        for comment in item.leading {
            newLine(blank(comment.hasBlankLineBefore), place.line.isClosing ? place.indent + 2 : place.indent)
            out += comment.text
            isFirst = false
        }
        if case .end = item.kind { return }
        newLine(blank(item.hasBlankLineBefore) && !place.line.isClosing, place.indent)
    }

    private mutating func newLine(_ hasBlank: Bool, _ indent: Int) {
        if !out.isEmpty { out += hasBlank ? "\n\n" : "\n" }
        out += String(repeating: " ", count: indent)
        column = indent
    }

    // MARK: Measuring

    /// Whether `inner` fits on the line at hand, with what must follow it there.
    private func fits(_ inner: Layout, _ indent: Int) -> Bool {
        var room = widthMax - (pending?.indent ?? (mustBreak ? indent + 2 : column + (hasSpace ? 1 : 0)))
        var isFirst = true
        var isOver = false
        var work = [inner]
        while let layout = work.popLast() {
            switch layout {
            case .token(let index):
                let item = tokens.items[index]
                if isOver || (!isFirst && !item.leading.isEmpty) { return false }
                if isFirst, !item.leading.isEmpty, pending == nil { room = widthMax - indent - 2 }
                room -= item.width
                isFirst = false
                isOver = item.trailing != nil
            case .space: room -= 1
            case .line(let line):
                guard let flat = line.flat else { return false }
                room -= flat.utf8.count
            case .nest(let part), .group(let part): work.append(part)
            case .sequence(let parts): work.append(contentsOf: parts.reversed())
            }
            if room < 0 { return false }
        }
        return isOver || restFits(room)
    }

    /// Whether what follows, up to the first place where the line may end, fits into `room`.
    private func restFits(_ space: Int) -> Bool {
        var room = space
        var work: [Task] = []
        var below = stack.count
        while room >= 0 {
            if work.isEmpty {
                guard below > 0 else { return true }
                below -= 1
                work.append(stack[below])
            }
            guard let task = work.popLast() else { return true }
            switch task.layout {
            case .token(let index):
                let item = tokens.items[index]
                if !item.leading.isEmpty { return true }
                room -= item.width
                if item.trailing != nil { return room >= 0 }
            case .space: room -= 1
            case .line(let line):
                guard task.isFlat, let flat = line.flat else { return true }
                room -= flat.utf8.count
            case .nest(let part): work.append(Task(layout: part, indent: 0, isFlat: task.isFlat))
            case .group(let part): work.append(Task(layout: part, indent: 0, isFlat: true))
            case .sequence(let parts):
                for part in parts.reversed() { work.append(Task(layout: part, indent: 0, isFlat: task.isFlat)) }
            }
        }
        return false
    }
}
