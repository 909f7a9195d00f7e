/// A place in an open file as editors count: lines and UTF-16 code units, both from 0.
package struct EditorPosition: Sendable, Equatable {
    package var line: Int
    package var character: Int
    package init(line: Int, character: Int) {
        self.line = line
        self.character = character
    }
}

/// From the first position up to the second, which is not part of it.
package struct EditorRange: Sendable, Equatable {
    package var start: EditorPosition
    package var end: EditorPosition
    package init(start: EditorPosition, end: EditorPosition) {
        self.start = start
        self.end = end
    }
}

/// The text of an open file. Editors end a line at LF, CR LF or CR and count UTF-16; findings end it at LF and count
/// Unicode scalars. Both meet in byte offsets.
package struct EditorText: Sendable {
    private(set) var bytes: [UInt8]
    private var lineStarts: [Int] = []
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    package init(_ text: String) {
        bytes = Array(text.utf8)
        lineStarts = Self.lineStarts(bytes)
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
    package var byteCount: Int { bytes.count }
    /// The whole text.
    package var range: EditorRange { range(0..<bytes.count) }

    /// Bytes before those that the compiler counts from.
    var leadCount: Int { bytes.starts(with: Self.byteOrderMark) ? Self.byteOrderMark.count : 0 }

    /// Replaces what is in `range`; places beyond the text are its end, and a range that runs backwards is empty.
    package mutating func replace(_ range: EditorRange, with text: String) {
        let start = offset(of: range.start)
        let end = max(start, offset(of: range.end))
        bytes.replaceSubrange(start..<end, with: Array(text.utf8))
        lineStarts = Self.lineStarts(bytes)
    }

    // MARK: Positions

    /// The byte at which `position` is. Beyond the end of a line it is that end; inside of a scalar its beginning.
    package func offset(of position: EditorPosition) -> Int {
        guard position.line >= 0 else { return 0 }
        guard position.line < lineStarts.count else { return bytes.count }
        var offset = lineStarts[position.line]
        var units = 0
        while offset < bytes.count, !Self.isLineEnd(bytes[offset]) {
            let (width, scalarUnits) = Self.scalar(bytes[offset])
            guard units + scalarUnits <= position.character else { break }
            units += scalarUnits
            offset = min(offset + width, bytes.count)
        }
        return offset
    }

    package func position(of offset: Int) -> EditorPosition {
        let end = min(max(offset, 0), bytes.count)
        let line = lineIndex(end)
        var units = 0
        var index = lineStarts[line]
        while index < end {
            let (width, scalarUnits) = Self.scalar(bytes[index])
            units += scalarUnits
            index += width
        }
        return EditorPosition(line: line, character: units)
    }

    package func range(_ offsets: Range<Int>) -> EditorRange {
        EditorRange(start: position(of: offsets.lowerBound), end: position(of: offsets.upperBound))
    }

    /// What a finding marks. One that marks nothing gets the scalar behind it, so that there is something to see.
    package func range(of place: SourcePlace) -> EditorRange {
        let start = offset(line: place.line, column: place.column)
        let end = max(start, offset(line: place.endLine, column: place.endColumn))
        guard start == end, end < bytes.count, !Self.isLineEnd(bytes[end]) else { return range(start..<end) }
        return range(start..<min(end + Self.scalar(bytes[end]).width, bytes.count))
    }

    /// The byte at a line and column as findings have them.
    private func offset(line: Int, column: Int) -> Int {
        var offset = leadCount
        for _ in 1..<max(line, 1) {
            guard let end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) else { return bytes.count }
            offset = end + 1
        }
        for _ in 1..<max(column, 1) {
            guard offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") else { break }
            offset = min(offset + Self.scalar(bytes[offset]).width, bytes.count)
        }
        return offset
    }

    private func lineIndex(_ offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    private static func lineStarts(_ bytes: [UInt8]) -> [Int] {
        var starts = [0]
        for (offset, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\r"), offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "\n") {
                continue
            }
            if isLineEnd(byte) { starts.append(offset + 1) }
        }
        return starts
    }

    /// Bytes and UTF-16 code units of the scalar that begins with `byte`.
    private static func scalar(_ byte: UInt8) -> (width: Int, units: Int) {
        switch byte {
        case 0xF0...: (4, 2)
        case 0xE0...: (3, 1)
        case 0xC0...: (2, 1)
        default: (1, 1)
        }
    }
}
