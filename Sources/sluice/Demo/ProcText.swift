/// Reads the texts in which Linux tells of itself (proc(5)). `nil`: the text is not what it should be.
///
/// Works on bytes: sensors read these texts twenty times a second, and some have thousands of numbers.
enum ProcText {
    struct Processors: Equatable, Sendable {
        /// In ticks since the start of the machine, over all processors.
        var busy: UInt64
        var total: UInt64
        var contextSwitches: UInt64
    }

    /// `/proc/stat`. Waiting for disks counts as idle.
    static func processors(stat text: String) -> Processors? {
        // Guests' time is part of user time already: the first eight are all there is.
        guard let ticks = line("cpu ", in: text).map({ numbers(in: $0).dropFirst().prefix(8).compactMap(\.self) }),
            ticks.count >= 5, let contextSwitches = number(after: "ctxt ", in: text)
        else { return nil }
        let total = ticks.reduce(0, &+)
        return Processors(busy: total &- ticks[3] &- ticks[4], total: total, contextSwitches: contextSwitches)
    }

    /// `/proc/meminfo`: the part of the memory that programs can't have any more, in percent.
    static func memoryUsedPercent(meminfo text: String) -> Double? {
        guard let total = number(after: "MemTotal:", in: text), total > 0,
            let available = number(after: "MemAvailable:", in: text)
        else { return nil }
        return 100 * (1 - Double(available) / Double(total))
    }

    /// `/proc/net/dev`: bytes received and sent, over all interfaces.
    static func networkBytes(dev text: String) -> UInt64? {
        var sum: UInt64 = 0
        var interfaceCount = 0
        for line in lines(of: text) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let numbers = numbers(in: line[line.index(after: colon)...])
            guard numbers.count > 8, let received = numbers[0], let sent = numbers[8] else { continue }
            sum = sum &+ received &+ sent
            interfaceCount += 1
        }
        return interfaceCount > 0 ? sum : nil
    }

    /// `/proc/diskstats`: bytes read and written, over all disks; their partitions are in them already.
    static func diskBytes(diskstats text: String) -> UInt64? {
        let sectorBytes: UInt64 = 512
        var disks: [(name: Substring.UTF8View, bytes: UInt64)] = []
        for line in lines(of: text) {
            let words = words(of: line)
            guard words.count >= 10, let read = number(words[5]), let written = number(words[9]) else { continue }
            let name = words[2]
            let isNoDisk = ["loop", "ram", "dm-", "md", "zram"].contains { name.starts(with: $0.utf8) }
            if isNoDisk || disks.contains(where: { name.starts(with: $0.name) }) { continue }
            disks.append((name, (read &+ written) &* sectorBytes))
        }
        return disks.isEmpty ? nil : disks.reduce(0) { $0 &+ $1.bytes }
    }

    /// `/proc/loadavg`: programs that ran or wanted to, as a mean of about the last minute.
    static func load(loadavg text: String) -> Double? {
        text.split(separator: " ").first.flatMap { Double($0) }
    }

    /// `/proc/loadavg`: all programs and threads there are.
    static func taskCount(loadavg text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count >= 4 else { return nil }
        return words[3].split(separator: "/").dropFirst().first.flatMap { Double($0) }
    }

    /// `/proc/sys/fs/file-nr`: files that are open, over all programs.
    static func openFileCount(fileNumbers text: String) -> Double? {
        numbers(in: text[...].utf8).first.flatMap(\.self).map(Double.init)
    }

    /// A thread's `schedstat`: nanoseconds that it ran, and that it waited for a processor.
    static func demandNanoseconds(schedstat text: String) -> UInt64? {
        let numbers = numbers(in: text[...].utf8)
        guard numbers.count >= 2, let ran = numbers[0], let waited = numbers[1] else { return nil }
        return ran &+ waited
    }

    /// `/proc/self/statm`: memory of this program, in pages.
    static func residentPages(statm text: String) -> UInt64? {
        numbers(in: text[...].utf8).dropFirst().first.flatMap(\.self)
    }

    /// `/proc/self/io`: bytes that this program handed to `write`, for files and connections.
    static func writtenBytes(io text: String) -> UInt64? { number(after: "wchar:", in: text) }

    /// A thermal zone's or a hardware monitor's file: thousandths of a degree Celsius.
    static func celsius(_ text: String) -> Double? {
        guard let thousandths = text.split(whereSeparator: \.isWhitespace).first.flatMap({ Int($0) }),
            (-100_000...250_000).contains(thousandths)
        else { return nil }
        return Double(thousandths) / 1_000
    }

    // MARK: - Words

    private static func lines(of text: String) -> [Substring.UTF8View] {
        text[...].utf8.split(separator: UInt8(ascii: "\n"))
    }

    private static func line(_ start: String, in text: String) -> Substring.UTF8View? {
        lines(of: text).first { $0.starts(with: start.utf8) }
    }

    private static func words(of line: Substring.UTF8View) -> [Substring.UTF8View] {
        line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\n") }
    }

    private static func numbers(in line: Substring.UTF8View) -> [UInt64?] { words(of: line).map(number) }

    /// `nil`: it is none, or too large.
    private static func number(_ word: Substring.UTF8View) -> UInt64? {
        guard !word.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in word {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }

    private static func number(after name: String, in text: String) -> UInt64? {
        guard let line = line(name, in: text) else { return nil }
        return words(of: line.dropFirst(name.utf8.count)).first.flatMap(number)
    }
}
