/// Rows of a CSV text (RFC 4180): cells in quotes may hold commas, line ends and doubled quotes.
package struct CSVText: Sendable {
    /// A quoted cell does not end; it begins in this line.
    package struct OpenQuote: Error { package var line: Int }

    private let bytes: [UInt8]
    private var index = 0
    /// Line on which the last row began, from 1, and its first byte.
    package private(set) var line = 0
    package private(set) var start = 0
    private var nextLine = 1

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    /// The next row that is not empty; nil at the end.
    package mutating func next() throws(OpenQuote) -> [[UInt8]]? {
        while index < bytes.count {
            line = nextLine
            start = index
            let row = try row()
            if row.count > 1 || !row[0].isEmpty { return row }
        }
        return nil
    }

    private mutating func row() throws(OpenQuote) -> [[UInt8]] {
        var cells: [[UInt8]] = []
        var cell: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\"") where cell.isEmpty: cell = try quoted()
            case UInt8(ascii: ","):
                cells.append(cell)
                cell = []
            case 0x0D where index < bytes.count && bytes[index] == 0x0A: continue
            case 0x0A:
                nextLine += 1
                return cells + [cell]
            default: cell.append(byte)
            }
        }
        return cells + [cell]
    }

    private mutating func quoted() throws(OpenQuote) -> [UInt8] {
        var cell: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { index += 1 } else { return cell }
            }
            if byte == 0x0A { nextLine += 1 }
            cell.append(byte)
        }
        throw OpenQuote(line: line)
    }
}
