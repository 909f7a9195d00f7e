/// One `.rules` file as the caller read it. Invalid UTF-8 is the caller's to report.
package struct RuleSourceFile: Sendable {
    /// As it is shown in diagnostics; files are ordered by it.
    package var name: String
    package var text: String
    package init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// A stretch of a file, in bytes of its UTF-8.
struct SourceSpan: Hashable, Sendable {
    var file: Int
    var start: Int
    var end: Int

    /// From the start of this one to the end of `other`.
    func to(_ other: SourceSpan) -> SourceSpan {
        SourceSpan(file: file, start: min(start, other.start), end: max(end, other.end))
    }

    var startPoint: SourceSpan { SourceSpan(file: file, start: start, end: start) }
    var endPoint: SourceSpan { SourceSpan(file: file, start: end, end: end) }
}

/// The bytes of one file and where its lines begin.
struct SourceText: Sendable {
    let name: String
    let index: Int
    let bytes: [UInt8]
    private let lineStarts: [Int]
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    init(_ file: RuleSourceFile, index: Int) {
        name = file.name
        self.index = index
        let text = Array(file.text.utf8)
        bytes = text.starts(with: Self.byteOrderMark) ? Array(text.dropFirst(Self.byteOrderMark.count)) : text
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    func text(_ span: SourceSpan) -> String { text(span.start..<span.end) }

    /// The scalar that begins at `offset`, and its width in bytes.
    func scalar(at offset: Int) -> (scalar: Unicode.Scalar, width: Int) {
        let first = bytes[offset]
        guard first >= 0x80 else { return (Unicode.Scalar(first), 1) }
        let width = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
        let end = min(offset + width, bytes.count)
        let scalar = String(decoding: bytes[offset..<end], as: UTF8.self).unicodeScalars.first
        return (scalar ?? "\u{FFFD}", end - offset)
    }

    /// 0-based number of the line that holds `offset`.
    private func lineIndex(_ offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Scalars between two offsets.
    private func scalarCount(_ range: Range<Int>) -> Int {
        bytes[range].reduce(into: 0) { count, byte in if byte & 0xC0 != 0x80 { count += 1 } }
    }

    /// Where `span` is, for people: lines and columns from 1, a column being a Unicode scalar.
    func place(_ span: SourceSpan) -> SourcePlace {
        let start = min(span.start, bytes.count)
        let end = min(max(span.end, start), bytes.count)
        let line = lineIndex(start)
        let endLine = lineIndex(end)
        let column = scalarCount(lineStarts[line]..<start) + 1
        let endColumn = scalarCount(lineStarts[endLine]..<end) + 1
        let (excerpt, excerptColumn) = excerpt(line: line, column: column)
        return SourcePlace(
            file: name, line: line + 1, column: column, endLine: endLine + 1, endColumn: endColumn,
            excerpt: excerpt, excerptColumn: excerptColumn)
    }

    /// The line as it is shown: without its end, with control characters made visible, and cut when it is very long.
    private func excerpt(line: Int, column: Int) -> (text: String, column: Int) {
        var end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        if end > lineStarts[line], bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let scalars = Array(text(lineStarts[line]..<end).unicodeScalars)
        let widthMax = RuleLimits.excerptColumnsMax
        let first = scalars.count <= widthMax ? 0 : max(0, min(column - 1 - widthMax / 2, scalars.count - widthMax))
        var shown = ""
        for scalar in scalars[first..<min(scalars.count, first + widthMax)] {
            let hidden = scalar != "\t" && (scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value))
            shown.unicodeScalars.append(hidden ? "\u{FFFD}" : scalar)
        }
        return (shown, first + 1)
    }
}
