import RuleLanguage

/// A table as the engine reads it: a lookup allocates nothing.
@safe
final class RuleTable {
    private struct Row: Ageing {
        var first: Int
        var lastUsed: UInt64 { 0 }
    }

    let columns: [String]
    /// Names of the columns, as values.
    private let names: FixedBuffer<Value>
    private let cells: FixedBuffer<Value>
    private let text: FixedBuffer<UInt8>
    private let rows = KeyTable<Row>()

    init(_ data: TableData) {
        columns = data.columns
        var bytes: [UInt8] = []
        for column in data.columns { bytes += Array(column.utf8) }
        for row in data.rows {
            for cell in row.cells {
                switch cell {
                case .missing, .boolean: break
                case .number(let text), .text(let text), .json(let text): bytes += Array(text.utf8)
                }
            }
        }
        let text = FixedBuffer(bytes)
        self.text = text
        var offset = 0
        func slice(_ string: String) -> ByteSlice {
            let count = string.utf8.count
            defer { offset += count }
            return text.slice(offset, count: count)
        }
        names = FixedBuffer(data.columns.map { .text(slice($0)) })
        var cells: [Value] = []
        for row in data.rows {
            for cell in row.cells {
                switch cell {
                case .missing: cells.append(.missing)
                case .boolean(let value): cells.append(.boolean(value))
                case .number(let text):
                    var index = 0
                    if case .value(let number) = NumberText.parse(slice(text), at: &index) {
                        cells.append(number)
                    } else {
                        cells.append(.missing)
                    }
                case .text(let text): cells.append(.text(slice(text)))
                case .json(let text):
                    cells.append(.json(slice(text), isList: text.utf8.first == UInt8(ascii: "[")))
                }
            }
        }
        self.cells = FixedBuffer(cells)
        for (index, row) in data.rows.enumerated() {
            unsafe Array(row.key.utf8).withUnsafeBytes { buffer in
                let key = unsafe ByteSlice(buffer)
                _ = rows.insert(key, hash: KeyTable<Row>.hash(key)) { _ in Row(first: index * data.columns.count) }
            }
        }
    }

    deinit {
        names.deallocate()
        cells.deallocate()
        text.deallocate()
    }

    private func first(_ key: ByteSlice) -> Int? {
        guard let slot = rows.find(key, hash: KeyTable<Row>.hash(key)) else { return nil }
        return rows[slot]?.first
    }

    /// One cell; missing where the table has no such key. Valid as long as the table.
    func cell(_ key: ByteSlice, _ column: Int) -> Value {
        guard let first = first(key) else { return .missing }
        return cells[first + column]
    }

    /// A row as an object in the arena; missing where the table has no such key.
    func row(_ key: ByteSlice, _ arena: Arena) -> Value {
        guard let first = first(key) else { return .missing }
        let pairs = arena.values(names.count * 2)
        for column in 0..<names.count {
            pairs[column * 2] = names[column]
            pairs[column * 2 + 1] = cells[first + column]
        }
        return .object(pairs)
    }
}

/// Tables by their content, so that rules which name one table share it.
final class RuleTables {
    private var made: [ObjectIdentifier: (data: TableData, table: RuleTable)] = [:]

    func table(_ data: TableData) -> RuleTable {
        if let known = made[ObjectIdentifier(data)] { return known.table }
        let table = RuleTable(data)
        made[ObjectIdentifier(data)] = (data, table)
        return table
    }
}
