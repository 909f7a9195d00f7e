/// Reads the tables that the files of one run name; each file and key once.
final class TableLoader {
    private struct Place: Hashable {
        var path: String
        var key: [UInt8]
    }

    private let attachments: (String) -> RuleAttachment
    /// Every path that was asked for, in order.
    private(set) var paths: [String] = []
    private var contents: [String: RuleAttachment] = [:]
    private var tables: [Place: TableData?] = [:]
    /// Numbers of the table files that findings point into.
    private var sourceIndex: [String: Int] = [:]
    private var byteCount = 0

    init(_ attachments: @escaping (String) -> RuleAttachment) { self.attachments = attachments }

    /// `path` as the rule file `file` means it: relative to that file's folder.
    static func resolve(_ path: String, from file: String) -> String {
        guard path.utf8.first != UInt8(ascii: "/"), let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else {
            return path
        }
        return String(file[...slash]) + path
    }

    /// The table of a declaration; nil when it was reported.
    func load(_ table: TableSyntax, log: DiagnosticLog) -> TableData? {
        let path = Self.resolve(table.path.text, from: log.sources[table.span.file].name)
        let place = Place(path: path, key: Array(table.key.text.utf8))
        if let known = tables[place] {
            // What is wrong with a file is told once, and that it is wrong for every declaration.
            if known == nil { log.countError() }
            return known
        }
        let data = read(table, path, log)
        tables[place] = .some(data)
        return data
    }

    private func read(_ table: TableSyntax, _ path: String, _ log: DiagnosticLog) -> TableData? {
        func refuse(_ message: String, help: String?) -> TableData? {
            log.report(.unreadableFile, table.path.span, message, help: help)
            return nil
        }
        let lower = path.lowercased()
        guard lower.hasSuffix(".csv") || lower.hasSuffix(".json") else {
            return refuse("a table is a .csv or a .json file", help: "give the file's name its ending")
        }
        guard case .content(var bytes) = content(path) else {
            guard case .unreadable(let reason) = content(path) else { return nil }
            return refuse(
                "can't read the table `\(path)`: \(reason)", help: "the path is relative to this file's folder")
        }
        guard bytes.count <= RuleLimits.tableBytesMax else {
            return refuse(
                "the table `\(path)` has more than \(RuleLimits.tableBytesMax) bytes", help: "split it")
        }
        guard byteCount <= RuleLimits.tableSetBytesMax else {
            return refuse(
                "the tables have more than \(RuleLimits.tableSetBytesMax) bytes in all", help: "leave rows out")
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return refuse("the table `\(path)` is not UTF-8 text", help: "save it as UTF-8")
        }
        var reader = TableReader(table, path: path, log: log) { [self] start, end in
            span(path, text, start, end, log)
        }
        return lower.hasSuffix(".csv") ? reader.readCSV(bytes) : reader.readJSON(bytes)
    }

    private func content(_ path: String) -> RuleAttachment {
        if let known = contents[path] { return known }
        paths.append(path)
        let content = attachments(path)
        if case .content(let bytes) = content { byteCount += bytes.count }
        contents[path] = content
        return content
    }

    /// Bytes of the table as a place that a finding can show; a place ends with its line.
    private func span(_ path: String, _ text: String, _ start: Int, _ end: Int, _ log: DiagnosticLog) -> SourceSpan {
        let index = sourceIndex[path] ?? log.add(RuleSourceFile(name: path, text: text))
        sourceIndex[path] = index
        let bytes = log.sources[index].bytes
        let first = min(start, bytes.count)
        let line = bytes[first...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        return SourceSpan(file: index, start: first, end: max(first, min(end, line)))
    }
}

/// Rows of one file to a table, with findings where they do not fit.
struct TableReader {
    private let syntax: TableSyntax
    private let path: String
    private let log: DiagnosticLog
    private let span: (Int, Int) -> SourceSpan
    private var rows: [TableData.Row?] = []
    /// Key to place among the rows and byte in the file.
    private var keys: [[UInt8]: (row: Int, offset: Int)] = [:]
    private var isSound = true

    init(
        _ syntax: TableSyntax, path: String, log: DiagnosticLog, span: @escaping (Int, Int) -> SourceSpan
    ) {
        self.syntax = syntax
        self.path = path
        self.log = log
        self.span = span
    }

    // MARK: CSV

    mutating func readCSV(_ bytes: [UInt8]) -> TableData? {
        var text = CSVText(bytes)
        do {
            guard let header = try text.next() else {
                log.report(
                    .badTable, syntax.path.span, "the table `\(path)` is empty",
                    help: "its first line names the columns")
                return nil
            }
            let columns = header.map { String(decoding: $0, as: UTF8.self) }
            guard let key = keyColumn(columns, at: span(text.start, .max)) else { return nil }
            while let cells = try text.next() {
                guard cells.count == columns.count else {
                    refuse(text.start, "this row has \(cells.count) cells, and the header has \(columns.count)")
                    continue
                }
                take(String(decoding: cells[key], as: UTF8.self), cells.map(Self.cell), at: text.start)
            }
            return finish(columns, bytes)
        } catch {
            log.report(
                .badTableRow, span(text.start, .max), "the quoted cell that begins in this row does not end",
                help: "close the quote; a quote inside a cell is doubled", labels: [declaration])
            return nil
        }
    }

    private static func cell(_ bytes: [UInt8]) -> TableCell {
        if bytes.isEmpty { return .missing }
        if let number = JSONNumber.number(bytes) { return .number(number) }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    private func keyColumn(_ columns: [String], at header: SourceSpan) -> Int? {
        guard columns.count <= RuleLimits.tableColumnsMax else {
            log.report(
                .badTable, header, "the table has more than \(RuleLimits.tableColumnsMax) columns",
                help: "leave columns out", labels: [declaration])
            return nil
        }
        var seen: Set<[UInt8]> = []
        for column in columns {
            guard !column.isEmpty, seen.insert(Array(column.utf8)).inserted else {
                log.report(
                    .badTable, header,
                    column.isEmpty ? "a column has no name" : "two columns are named `\(column)`",
                    help: "give every column a name of its own", labels: [declaration])
                return nil
            }
        }
        guard let key = columns.firstIndex(where: { Array($0.utf8) == Array(syntax.key.text.utf8) }) else {
            noKey(columns)
            return nil
        }
        return key
    }

    private func noKey(_ columns: [String]) {
        let near = NearestName.find(syntax.key.text, in: columns)
        let known = columns.prefix(8).map { "`\($0)`" }.joined(separator: ", ")
        log.report(
            .badTable, syntax.key.span, "the table `\(path)` has no column `\(syntax.key.text)`",
            help: near.map { "did you mean `\($0)`?" } ?? "its columns are \(known)")
    }

    // MARK: JSON

    mutating func readJSON(_ bytes: [UInt8]) -> TableData? {
        var objects = JSONRows(bytes)
        var columns: [String] = []
        var index: [[UInt8]: Int] = [:]
        var keyless: [Int] = []
        do {
            while let members = try objects.next() {
                var cells = [TableCell](repeating: .missing, count: columns.count)
                for (name, cell) in members {
                    let column = index[Array(name.utf8)] ?? columns.count
                    if column == columns.count {
                        index[Array(name.utf8)] = column
                        columns.append(name)
                        cells.append(.missing)
                    }
                    cells[column] = cell
                }
                guard columns.count <= RuleLimits.tableColumnsMax else {
                    refuse(objects.start, "the table has more than \(RuleLimits.tableColumnsMax) members")
                    return nil
                }
                let key = index[Array(syntax.key.text.utf8)].map { cells[$0] } ?? .missing
                if key == .missing { keyless.append(objects.start) } else { take(key, cells, at: objects.start) }
            }
        } catch {
            refuse(error.offset, "the table does not read: \(error.message)", isPoint: true)
            return nil
        }
        guard index[Array(syntax.key.text.utf8)] != nil || columns.isEmpty else {
            noKey(columns)
            return nil
        }
        for offset in keyless.prefix(RuleLimits.diagnosticsMax) { take("", [], at: offset) }
        if columns.isEmpty { columns = [syntax.key.text] }
        return finish(columns, bytes)
    }

    private mutating func take(_ key: TableCell, _ cells: [TableCell], at offset: Int) {
        switch key {
        case .text(let text): take(text, cells, at: offset)
        case .number(let text) where Int64(text).map({ "\($0)" == text }) == true: take(text, cells, at: offset)
        case .missing, .boolean, .number, .json:
            refuse(offset, "the key `\(syntax.key.text)` of this row is neither a text nor a whole number")
        }
    }

    // MARK: Rows

    private var declaration: (span: SourceSpan, text: String) { (syntax.span, "the table is declared here") }

    private mutating func refuse(_ offset: Int, _ message: String, isPoint: Bool = false) {
        isSound = false
        log.report(
            .badTableRow, span(offset, isPoint ? offset + 1 : .max), message, help: "correct the row",
            labels: [declaration])
    }

    private mutating func take(_ key: String, _ cells: [TableCell], at offset: Int) {
        guard !key.isEmpty else {
            refuse(offset, "this row has no `\(syntax.key.text)`")
            return
        }
        guard keys.count < RuleLimits.tableRowsMax else {
            if isSound { refuse(offset, "the table has more than \(RuleLimits.tableRowsMax) rows") }
            return
        }
        if let before = keys[Array(key.utf8)] {
            rows[before.row] = nil
            log.report(
                .repeatedKey, span(offset, .max), "the key `\(key)` stands in the table twice; this row counts",
                help: "leave one out", labels: [(span(before.offset, .max), "this row is not used")])
        }
        keys[Array(key.utf8)] = (rows.count, offset)
        rows.append(TableData.Row(key: key, cells: cells))
    }

    private func finish(_ columns: [String], _ bytes: [UInt8]) -> TableData? {
        guard isSound else { return nil }
        let key = columns.firstIndex { Array($0.utf8) == Array(syntax.key.text.utf8) }
        let full = rows.compactMap(\.self).map { row in
            var row = row
            row.cells += Array(repeating: .missing, count: columns.count - row.cells.count)
            if let key { row.cells[key] = .text(row.key) }
            return row
        }
        var signature: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in Array(syntax.key.text.utf8) + [0] + bytes {
            signature = (signature ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return TableData(columns: columns, rows: full, signature: signature)
    }
}
