import ArgumentParser
import Foundation
import RuleEngine

/// A recording, as `replay` and `why` take it.
struct ReplayInput: ParsableArguments {
    @Option(help: "Recording: .ndjson, or .csv with a header; \"-\" reads lines from standard input.")
    var input: String

    @Option(help: "CSV: the topic of each row, with columns as {captures}: 'sensors/{id}/reading'.")
    var topic: String?

    @Option(help: "CSV: the column that holds the time (RFC 3339, YYYY-MM-DD HH:MM:SS in UTC, or milliseconds).")
    var timeColumn: String?

    func validate() throws {
        guard input.hasSuffix(".csv") else {
            if topic != nil || timeColumn != nil {
                throw ValidationError("--topic and --time-column are for .csv files")
            }
            return
        }
        if topic == nil || timeColumn == nil {
            throw ValidationError("a .csv file needs --topic and --time-column")
        }
    }

    /// Gives each message to `body` with the number of its line and the share of the bytes before it, until `body`
    /// answers false.
    func forEachMessage(_ body: (ReplayLine, _ line: Int, _ progress: Double) throws -> Bool) throws {
        let bytes = try contents()
        if input.hasSuffix(".csv") {
            try forEachRow(bytes, body)
        } else {
            try forEachLine(bytes, body)
        }
    }

    private func forEachRow(_ bytes: [UInt8], _ body: (ReplayLine, Int, Double) throws -> Bool) throws {
        let lineCount = Double(max(1, bytes.count { $0 == UInt8(ascii: "\n") }))
        var reader = CSVReader(bytes)
        do {
            guard let header = try reader.next() else { throw CommandFailure(.cannotRun, "\(input) is empty") }
            // A recording of one sensor names it by its file.
            let stem = ((input as NSString).lastPathComponent as NSString).deletingPathExtension
            let names = Set(
                (topic ?? "").split(separator: "/").filter { $0.hasPrefix("{") }.map {
                    String($0.dropFirst().dropLast())
                })
            let table = try ReplayTable(
                header: header, topic: topic ?? "", timeColumn: timeColumn ?? "",
                captureTexts: Dictionary(uniqueKeysWithValues: names.map { ($0, stem) }))
            while let row = try reader.next() {
                guard try body(try table.line(row), reader.line, Double(reader.line) / lineCount) else { return }
            }
        } catch let error as RuleEngineError {
            throw CommandFailure(.cannotRun, "\(input):\(reader.line): \(error.message)")
        }
    }

    private func forEachLine(_ bytes: [UInt8], _ body: (ReplayLine, Int, Double) throws -> Bool) throws {
        var number = 0
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = text.last == UInt8(ascii: "\r") ? text.dropLast() : text
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            let message: ReplayLine
            do {
                message = try ReplayLine.parse(Array(line))
            } catch { throw CommandFailure(.cannotRun, "\(input):\(number): \(error.message)") }
            guard try body(message, number, Double(text.startIndex) / Double(bytes.count)) else { return }
        }
    }

    private func contents() throws -> [UInt8] {
        if input == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: input)))
        } catch {
            throw CommandFailure(.cannotRun, "can't read \(input): check that it exists and may be read")
        }
    }
}
