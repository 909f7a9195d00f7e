import Glibc

/// What a person sees while a demo runs: one line per second, in place on a terminal, and what happens in between.
struct LiveView {
    /// What one line shows.
    struct Line {
        var second: Int
        var published: Int
        var acknowledged: Int
        var connectedSensors: Int
        var sensors: Int
        var isGatewayUp: Bool
        var isCloudReachable: Bool
        var summaries: Int
        var anomalies: Int
        var alarms: Int
        var savedPercent: Double?
    }

    private let isSilent: Bool
    private let isTerminal: Bool
    private var hasOpenLine = false

    /// `isSilent`: standard output is for a program.
    init(isSilent: Bool) {
        self.isSilent = isSilent
        isTerminal = isatty(STDOUT_FILENO) == 1
    }

    mutating func show(_ line: Line) {
        guard !isSilent else { return }
        let text = Self.text(line)
        if isTerminal {
            // Back to the start of the line; what is longer than the new text is erased.
            Self.write("\r\(text)\u{1B}[K")
            hasOpenLine = true
        } else {
            Self.write(text + "\n")
        }
    }

    /// Something that happened, which stays on the screen.
    mutating func tell(_ sentence: String, second: Int? = nil) {
        guard !isSilent else { return }
        let mark = second.map { Self.clock($0) + "  " } ?? ""
        Self.write((hasOpenLine ? "\r\u{1B}[K" : "") + mark + sentence + "\n")
        hasOpenLine = false
    }

    mutating func end() {
        if hasOpenLine { Self.write("\r\u{1B}[K") }
        hasOpenLine = false
    }

    static func text(_ line: Line) -> String {
        let gateway = line.isGatewayUp ? "\(line.connectedSensors)/\(line.sensors) sensors" : "gateway DOWN"
        let cloud = line.isCloudReachable ? "cloud" : "cloud CUT"
        let saved = line.savedPercent.map { ", \(DemoNumbers.oneDecimal($0)) % saved" } ?? ""
        return
            "\(clock(line.second))  \(line.published) readings, \(line.acknowledged) stored | \(gateway) | \(cloud): "
            + "\(line.summaries) summaries, \(line.anomalies) anomalies, \(line.alarms) alarms\(saved)"
    }

    private static func clock(_ second: Int) -> String {
        let seconds = second % 60
        return "\(second / 60):\(seconds < 10 ? "0" : "")\(seconds)"
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // Whoever reads may have gone; the demo goes on and ends in order.
        _ = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }
}

/// Numbers for people.
enum DemoNumbers {
    static func oneDecimal(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    /// 12,345
    static func grouped(_ number: Int) -> String {
        var digits = String(abs(number))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    static func kilobytes(_ bytes: Int) -> String { "\(grouped((bytes + 512) / 1_024)) KB" }
}
