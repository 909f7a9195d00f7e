import RuleLanguage

/// A CSV file as messages: one column is the time, those named as captures of the topic fill it, all others are members
/// of the payload.
package struct ReplayTable: Sendable {
    private enum Level: Sendable {
        case literal([UInt8])
        case column(Int)
    }

    private let levels: [Level]
    private let timeColumn: Int
    /// Columns that are members, and their names as JSON strings with the colon.
    private let members: [(column: Int, name: [UInt8])]
    private let columnCount: Int

    /// `header` holds the names of the columns, `topic` a pattern such as `sensors/{id}/reading`. A capture without a
    /// column takes its text from `captureTexts`.
    package init(
        header: [[UInt8]], topic: String, timeColumn: String, captureTexts: [String: String] = [:]
    ) throws(RuleEngineError) {
        let names = header.map { String(decoding: $0, as: UTF8.self) }
        guard let time = names.firstIndex(of: timeColumn) else {
            throw ReplayTable.bad(
                "there is no column `\(timeColumn)`; the columns are \(names.joined(separator: ", "))")
        }
        var levels: [Level] = []
        var used: Set<Int> = [time]
        for part in topic.split(separator: "/", omittingEmptySubsequences: false) {
            guard part.hasPrefix("{"), part.hasSuffix("}"), part.count > 2 else {
                guard !part.contains("{"), !part.contains("}"), !part.contains("+"), !part.contains("#") else {
                    throw ReplayTable.bad("in the topic `\(topic)` a capture must be a whole level, like {id}")
                }
                levels.append(.literal(Array(part.utf8)))
                continue
            }
            let name = String(part.dropFirst().dropLast())
            if let column = names.firstIndex(of: name) {
                levels.append(.column(column))
                used.insert(column)
            } else if let text = captureTexts[name] {
                levels.append(.literal(Array(text.utf8)))
            } else {
                throw ReplayTable.bad(
                    "the topic's {\(name)} is no column; the columns are \(names.joined(separator: ", "))")
            }
        }
        self.levels = levels
        self.timeColumn = time
        columnCount = names.count
        members = header.indices.filter { !used.contains($0) }.map { column in
            var name: [UInt8] = []
            unsafe header[column].withUnsafeBytes { unsafe JSONWriter.append(quoted: ByteSlice($0), to: &name) }
            return (column, name + [UInt8(ascii: ":")])
        }
    }

    private static func bad(_ message: String) -> RuleEngineError { RuleEngineError(.badInput, message: message) }

    /// The message of one row. Cells that are left out at the end are missing.
    package func line(_ row: [[UInt8]]) throws(RuleEngineError) -> ReplayLine {
        guard row.count <= columnCount else {
            throw ReplayTable.bad("the row has \(row.count) cells, the header \(columnCount)")
        }
        func cell(_ column: Int) -> [UInt8] { column < row.count ? row[column] : [] }
        guard let time = ReplayTable.time(cell(timeColumn)) else {
            throw ReplayTable.bad(
                "the time `\(String(decoding: cell(timeColumn), as: UTF8.self))` is not RFC 3339, YYYY-MM-DD HH:MM:SS or milliseconds"
            )
        }
        var topic: [UInt8] = []
        for (index, level) in levels.enumerated() {
            if index > 0 { topic.append(UInt8(ascii: "/")) }
            switch level {
            case .literal(let bytes): topic += bytes
            case .column(let column):
                guard !cell(column).contains(UInt8(ascii: "/")) else {
                    throw ReplayTable.bad(
                        "`\(String(decoding: cell(column), as: UTF8.self))` cannot be a level of a topic")
                }
                topic += cell(column)
            }
        }
        guard ReplayTopic.isName(topic) else {
            throw ReplayTable.bad("`\(String(decoding: topic, as: UTF8.self))` is no topic")
        }
        var payload: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { payload.append(UInt8(ascii: ",")) }
            payload += member.name
            ReplayTable.append(cell: cell(member.column), to: &payload)
        }
        payload.append(UInt8(ascii: "}"))
        return ReplayLine(topic: topic, payload: payload, timeNanoseconds: time)
    }

    private static func time(_ cell: [UInt8]) -> Int64? {
        unsafe cell.withUnsafeBytes { buffer in
            let slice = unsafe ByteSlice(buffer)
            if let number = NumberText.number(slice) { return CivilTime.instant(number, unit: .ms) }
            return CivilTime.parse(slice)
        }
    }

    /// A cell as JSON: a number if it reads as one, null if it is empty, else a text.
    package static func append(cell: [UInt8], to text: inout [UInt8]) {
        unsafe cell.withUnsafeBytes { buffer in
            let slice = unsafe ByteSlice(buffer)
            if slice.isEmpty {
                text += Array("null".utf8)
            } else if NumberText.number(slice) != nil {
                text += cell.filter { !JSONText.isSpace($0) }
            } else {
                JSONWriter.append(quoted: slice, to: &text)
            }
        }
    }
}

/// Rows of a CSV text, with the errors of a replay.
package struct CSVReader: Sendable {
    private var text: CSVText
    /// Line on which the last row began, from 1.
    package var line: Int { text.line }

    package init(_ bytes: [UInt8]) { text = CSVText(bytes) }

    /// The next row that is not empty; nil at the end.
    package mutating func next() throws(RuleEngineError) -> [[UInt8]]? {
        do {
            return try text.next()
        } catch {
            throw RuleEngineError(
                .badInput, message: "the quoted cell that begins in line \(error.line) does not end")
        }
    }
}
