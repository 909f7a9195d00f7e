/// What the caller found under a path that a rule file names.
package enum RuleAttachment: Sendable {
    case content([UInt8])
    /// Why it can't be read, as the end of a sentence: "there is no such file".
    case unreadable(String)
}

/// The value of one cell of a table.
package enum TableCell: Sendable, Equatable {
    case missing
    case boolean(Bool)
    /// As it is written; JSON's grammar, and a finite double holds it.
    case number(String)
    case text(String)
    /// A list or an object of a .json table, as its text.
    case json(String)

    var kinds: ValueKinds {
        switch self {
        case .missing: []
        case .boolean: .boolean
        case .number: .number
        case .text: .text
        case .json(let text): text.utf8.first == UInt8(ascii: "[") ? .list : .object
        }
    }
}

/// A table that was read and checked. Its keys differ from each other.
package final class TableData: Sendable {
    package struct Row: Sendable {
        package var key: String
        /// One for each column.
        package var cells: [TableCell]
    }

    package let columns: [String]
    /// In the order of the file.
    package let rows: [Row]
    /// The same for the same file, key column and content.
    package let signature: UInt64
    /// What the cells of each column are; of an empty column nothing is known.
    let kinds: [ValueKinds]
    private let columnIndex: [[UInt8]: Int]
    private let keys: Set<[UInt8]>

    init(columns: [String], rows: [Row], signature: UInt64) {
        self.columns = columns
        self.rows = rows
        self.signature = signature
        var kinds = [ValueKinds](repeating: [], count: columns.count)
        for row in rows {
            for (column, cell) in row.cells.enumerated() { kinds[column].formUnion(cell.kinds) }
        }
        self.kinds = kinds.map { $0.isEmpty ? .any : $0 }
        columnIndex = Dictionary(
            columns.enumerated().map { (Array($0.element.utf8), $0.offset) }, uniquingKeysWith: { first, _ in first })
        keys = Set(rows.map { Array($0.key.utf8) })
    }

    package func column(_ name: String) -> Int? { columnIndex[Array(name.utf8)] }

    func hasKey(_ key: String) -> Bool { keys.contains(Array(key.utf8)) }
}

/// A table that a rule reads, under the name that its file gives it.
package struct TablePlan: Sendable {
    package var name: String
    /// Of the content: a plan differs from another when it does.
    package var signature: UInt64
    package var data: TableData
    package init(name: String, data: TableData) {
        self.name = name
        signature = data.signature
        self.data = data
    }
}

/// Why a table does not read, and at which byte.
struct TableFault: Error {
    var message: String
    var offset: Int
}
