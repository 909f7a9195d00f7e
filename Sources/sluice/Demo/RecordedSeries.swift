import Foundation

/// A recorded series: a CSV file whose first line names its columns, one of them `value`.
struct RecordedSeries: Sendable {
    struct Row: Sendable, Equatable {
        var value: Double
        /// The time as it was recorded; empty when the file has no column for it.
        var time: String
        /// Other columns as JSON members, without braces.
        var otherMembers: String
    }

    struct Unreadable: Error, Equatable, CustomStringConvertible {
        var description: String
    }

    /// The file's name without folder and ending.
    var name: String
    var rows: [Row]

    static let fileBytesMax = 256 * 1_048_576
    private static let timeColumns = ["timestamp", "time", "ts", "date", "datetime"]

    init(path: String) throws(Unreadable) {
        let file = URL(fileURLWithPath: path)
        let data: Data
        do {
            let size = try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            guard size <= Self.fileBytesMax else {
                throw Unreadable(description: "\(path) has \(size) bytes; at most \(Self.fileBytesMax) are read")
            }
            data = try Data(contentsOf: file)
        } catch let error as Unreadable {
            throw error
        } catch {
            throw Unreadable(description: "\(path) can't be read: check the path and its permissions")
        }
        let name = file.deletingPathExtension().lastPathComponent
        try self.init(name: name, path: path, text: String(decoding: data, as: UTF8.self))
    }

    /// `path` is for messages.
    init(name: String, path: String, text: String) throws(Unreadable) {
        self.name = name
        rows = []
        var columns: [String] = []
        var valueColumn = 0
        var timeColumn: Int?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.allSatisfy(\.isWhitespace) { continue }
            let cells = Self.cells(of: line)
            guard !columns.isEmpty else {
                columns = cells.map { $0.trimmingCharacters(in: .whitespaces) }
                guard let found = columns.firstIndex(of: "value") else {
                    throw Unreadable(
                        description:
                            "\(path) has no column \"value\": its first line must name the columns, as in timestamp,value"
                    )
                }
                valueColumn = found
                timeColumn = columns.firstIndex { Self.timeColumns.contains($0.lowercased()) }
                continue
            }
            guard cells.count == columns.count else {
                throw Unreadable(
                    description:
                        "\(path), line \(index + 1): \(cells.count) cells where the first line names \(columns.count)")
            }
            // A gap in the recording is no reading.
            if cells[valueColumn].isEmpty { continue }
            guard let value = Double(cells[valueColumn]), value.isFinite else {
                throw Unreadable(description: "\(path), line \(index + 1): \"\(cells[valueColumn])\" is not a number")
            }
            let others = columns.indices.filter { $0 != valueColumn && $0 != timeColumn }
            rows.append(
                Row(
                    value: value, time: timeColumn.map { cells[$0] } ?? "",
                    otherMembers: others.map { "\(PayloadText.quoted(columns[$0])):\(PayloadText.member(cells[$0]))" }
                        .joined(separator: ",")))
        }
        guard !rows.isEmpty else { throw Unreadable(description: "\(path) holds no readings") }
    }

    /// Cells of one line; in quotes a comma is none, and two quotes stand for one.
    private static func cells(of line: Substring) -> [String] {
        guard line.contains("\"") else {
            return line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        var cells = [""]
        var isQuoted = false
        var isAfterQuote = false
        for character in line {
            if character == "\"" {
                if !isQuoted, isAfterQuote { cells[cells.count - 1].append("\"") }
                isQuoted.toggle()
                isAfterQuote = !isQuoted
                continue
            }
            isAfterQuote = false
            if character == ",", !isQuoted { cells.append("") } else { cells[cells.count - 1].append(character) }
        }
        return cells
    }

    /// A name that a certificate may bear, made of the series' name and different from all of `taken`.
    func sensorName(besides taken: some Collection<String>) -> String {
        let allowed = name.unicodeScalars.map { scalar in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            return isPlain || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
        }
        let start = allowed.drop { "._-".contains($0) }
        let base = start.isEmpty ? "series" : String(start.prefix(Self.nameCountMax))
        let reserved = ["ca", "server"]
        var candidate = base
        var number = 2
        while taken.contains(candidate) || reserved.contains(candidate.lowercased()) {
            candidate = "\(base)-\(number)"
            number += 1
        }
        return candidate
    }

    /// Leaves room for a number behind it in the 64 characters of a common name.
    private static let nameCountMax = 56
}

extension RecordedSeries.Row {
    /// Milliseconds since the Unix epoch: `2013-12-02 21:15:00` (UTC), RFC 3339, or a number of milliseconds.
    var milliseconds: Int64? {
        if let number = Double(time), abs(number) < 1e15 { return Int64(number) }
        let text = time.trimmingCharacters(in: .whitespaces)
        guard text.utf8.count >= 19, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? { Int64(String(decoding: bytes[range], as: UTF8.self)) }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1...12).contains(month),
            (1...31).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        var rest = String(decoding: bytes[19...], as: UTF8.self)
        var fraction = 0.0
        if rest.hasPrefix(".") {
            let digits = rest.dropFirst().prefix { ("0"..."9").contains($0) }
            fraction = Double("0.\(digits)") ?? 0
            rest = String(rest.dropFirst(1 + digits.count))
        }
        var offsetMinutes: Int64 = 0
        if rest.count == 6, let sign = rest.first, sign == "+" || sign == "-" {
            let parts = rest.dropFirst().split(separator: ":").compactMap { Int64($0) }
            guard parts.count == 2 else { return nil }
            offsetMinutes = (parts[0] * 60 + parts[1]) * (sign == "-" ? -1 : 1)
        } else if !rest.isEmpty, rest.uppercased() != "Z" {
            return nil
        }
        let seconds = ((Self.days(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second
        return seconds * 1_000 + Int64(fraction * 1_000)
    }

    /// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let leapDays = shifted / 4 - shifted / 100 + shifted / 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return 365 * shifted + leapDays + dayOfYear - 719_468
    }
}
