import Foundation
import Glibc
import Synchronization

/// Messages of the protocol on standard input and output: a header with a length, and a body of JSON.
struct MessageChannel {
    /// Bytes of the body of one message.
    static let bodyBytesMax = 16 << 20
    private static let headerBytesMax = 8 << 10

    enum Incoming {
        case body(Data)
        /// It can't be read; the next one can.
        case unreadable(String)
        case end
    }

    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    mutating func next() -> Incoming {
        guard let header = header() else { return .end }
        guard let length = Self.length(header) else {
            return .unreadable("a message begins with a header \"Content-Length: N\" and an empty line")
        }
        guard length <= Self.bodyBytesMax else {
            guard skip(length) else { return .end }
            return .unreadable("the message has \(length) bytes; at most \(Self.bodyBytesMax) are read")
        }
        while buffer.count - position < length { guard fill() else { return .end } }
        let body = Data(buffer[position..<position + length])
        position += length
        return .body(body)
    }

    /// The lines up to the empty one; of lines without end only so much as is bounded is kept. nil at the end.
    private mutating func header() -> [String]? {
        var lines: [String] = []
        var kept = 0
        while true {
            guard let line = line() else { return nil }
            if line.isEmpty {
                // Empty lines between messages do no harm.
                if lines.isEmpty { continue }
                return lines
            }
            kept += line.utf8.count
            if kept <= Self.headerBytesMax { lines.append(line) }
        }
    }

    private mutating func line() -> String? {
        var line: [UInt8] = []
        while true {
            while position < buffer.count {
                let byte = buffer[position]
                position += 1
                if byte == UInt8(ascii: "\n") {
                    if line.last == UInt8(ascii: "\r") { line.removeLast() }
                    return String(decoding: line, as: UTF8.self)
                }
                if line.count < Self.headerBytesMax { line.append(byte) }
            }
            guard fill() else { return nil }
        }
    }

    private static func length(_ header: [String]) -> Int? {
        var result: Int?
        for line in header {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            if parts[0].lowercased() == "content-length" {
                guard result == nil, let value = Int(parts[1].trimmingCharacters(in: .whitespaces)), value >= 0 else {
                    return nil
                }
                result = value
            }
        }
        return result
    }

    private mutating func skip(_ count: Int) -> Bool {
        var left = count
        while left > 0 {
            let here = min(left, buffer.count - position)
            position += here
            left -= here
            if left > 0, !fill() { return false }
        }
        return true
    }

    /// Reads more; false at the end.
    private mutating func fill() -> Bool {
        guard !isAtEnd else { return false }
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                isAtEnd = true
                return false
            }
            buffer += chunk[..<count]
            return true
        }
    }

    /// Messages are written whole, also by threads that have something to log.
    private static let writing = Mutex(())

    /// False when nobody reads any more.
    static func send(_ message: [String: Any]) -> Bool {
        var message = message
        message["jsonrpc"] = "2.0"
        guard let body = try? JSONSerialization.data(withJSONObject: message, options: [.sortedKeys]) else {
            return true
        }
        let bytes = Array("Content-Length: \(body.count)\r\n\r\n".utf8) + Array(body)
        return writing.withLock { _ in StandardOutput.write(bytes) }
    }
}
