import Foundation
import Glibc

/// This machine and this program as sensors. Which there are depends on what the kernel tells.
///
/// Rates are means over the time just past. Every reading carries noise of its sensor's resolution, as a transducer's
/// would: a counter of the kernel can stand still for minutes, and after that its slightest step would be infinitely
/// unusual. The noise is even, so that it never exceeds √3 standard deviations by itself.
struct MachineTelemetry: SensorFeed {
    enum Quantity: CaseIterable, Sendable {
        case processors, memory, contextSwitches, network, disk, load, tasks, openFiles, temperature, ownProcessor,
            ownMemory, ownOutput
    }

    private var quantities: [Quantity] = []
    private let temperatureFile: String?
    private var busyRate = TrailingRate(spanSeconds: machineSpanSeconds)
    private var tickRate = TrailingRate(spanSeconds: machineSpanSeconds)
    private var rates: [Quantity: TrailingRate] = [
        .contextSwitches: TrailingRate(spanSeconds: machineSpanSeconds),
        .network: TrailingRate(spanSeconds: machineSpanSeconds),
        .disk: TrailingRate(spanSeconds: machineSpanSeconds),
        .ownProcessor: TrailingRate(spanSeconds: ownSpanSeconds),
        .ownOutput: TrailingRate(spanSeconds: ownSpanSeconds),
    ]
    private var generator = SystemRandomNumberGenerator()
    private var demand = ProcessorDemand()
    /// `/proc/stat` as of this tick, which two sensors look at.
    private var processors: ProcText.Processors?

    private static let machineSpanSeconds = 1.0
    private static let ownSpanSeconds = 0.5

    init() {
        temperatureFile = Self.findTemperatureFile()
        processors = Self.readProcessors()
        for quantity in Quantity.allCases where isThere(quantity) { quantities.append(quantity) }
    }

    var sensorNames: [String] { quantities.map(\.sensorName) }

    mutating func readings(atSecond second: Double) -> [SensorReading] {
        let milliseconds = DemoClock.wallMilliseconds()
        processors = Self.readProcessors()
        var readings: [SensorReading] = []
        for (sensor, quantity) in quantities.enumerated() {
            guard let exact = value(of: quantity, atSecond: second) else { continue }
            let value = measured(exact, quantity)
            let members =
                "\"unit\":\"\(quantity.unit)\",\"source\":\"\(quantity.source)\",\"quality\":\"good\",\"time\":\(milliseconds)"
            readings.append(SensorReading(sensor: sensor, value: value, members: members))
        }
        return readings
    }

    private mutating func measured(_ exact: Double, _ quantity: Quantity) -> Double {
        let resolution = max(quantity.resolution, quantity.relativeResolution * abs(exact))
        let noisy = exact + Double.random(in: -resolution...resolution, using: &generator)
        let bounded = min(max(noisy, quantity.range.lowerBound), quantity.range.upperBound)
        return (bounded * 1_000).rounded() / 1_000
    }

    private mutating func value(of quantity: Quantity, atSecond second: Double) -> Double? {
        switch quantity {
        case .processors:
            guard let now = processors, let total = tickRate.add(now.total, atSecond: second),
                let busy = busyRate.add(now.busy, atSecond: second), total > 0
            else { return nil }
            return 100 * busy / total
        case .memory: return Self.text("/proc/meminfo").flatMap(ProcText.memoryUsedPercent(meminfo:))
        case .load: return Self.text("/proc/loadavg").flatMap(ProcText.load(loadavg:))
        case .tasks: return Self.text("/proc/loadavg").flatMap(ProcText.taskCount(loadavg:))
        case .openFiles: return Self.text("/proc/sys/fs/file-nr").flatMap(ProcText.openFileCount(fileNumbers:))
        case .temperature: return temperatureFile.flatMap(Self.text).flatMap(ProcText.celsius)
        case .ownMemory:
            return Self.text("/proc/self/statm").flatMap(ProcText.residentPages(statm:)).map {
                Double($0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
            }
        case .contextSwitches, .network, .disk, .ownProcessor, .ownOutput:
            guard let counter = counter(of: quantity) else { return nil }
            return rates[quantity]?.add(counter, atSecond: second).map { $0 / quantity.countsPerUnit }
        }
    }

    private mutating func counter(of quantity: Quantity) -> UInt64? {
        switch quantity {
        case .contextSwitches: return processors?.contextSwitches
        case .network: return Self.text("/proc/net/dev").flatMap(ProcText.networkBytes(dev:))
        case .disk: return Self.text("/proc/diskstats").flatMap(ProcText.diskBytes(diskstats:))
        case .ownOutput: return Self.text("/proc/self/io").flatMap(ProcText.writtenBytes(io:))
        case .ownProcessor: return demand.nanoseconds(text: Self.text) ?? Self.processorNanoseconds()
        case .processors, .memory, .load, .tasks, .openFiles, .temperature, .ownMemory: return nil
        }
    }

    private mutating func isThere(_ quantity: Quantity) -> Bool {
        switch quantity {
        case .processors, .contextSwitches: processors != nil
        case .memory: Self.text("/proc/meminfo").flatMap(ProcText.memoryUsedPercent(meminfo:)) != nil
        case .load: Self.text("/proc/loadavg").flatMap(ProcText.load(loadavg:)) != nil
        case .tasks: Self.text("/proc/loadavg").flatMap(ProcText.taskCount(loadavg:)) != nil
        case .openFiles: Self.text("/proc/sys/fs/file-nr").flatMap(ProcText.openFileCount(fileNumbers:)) != nil
        case .temperature: temperatureFile != nil
        case .ownMemory: Self.text("/proc/self/statm").flatMap(ProcText.residentPages(statm:)) != nil
        case .network, .disk, .ownProcessor, .ownOutput: counter(of: quantity) != nil
        }
    }

    /// What is left on a kernel that does not count waiting: the time taken.
    private static func processorNanoseconds() -> UInt64? {
        let ticks = clock()
        return ticks < 0 ? nil : UInt64(ticks) * (1_000_000_000 / UInt64(CLOCKS_PER_SEC))
    }

    private static func readProcessors() -> ProcText.Processors? {
        text("/proc/stat").flatMap(ProcText.processors(stat:))
    }

    /// The first sensor for temperature that answers.
    private static func findTemperatureFile() -> String? {
        let files = FileManager.default
        for (folder, prefix, suffix) in [
            ("/sys/class/thermal", "thermal_zone", ""), ("/sys/class/hwmon", "hwmon", "_input"),
        ] {
            for entry in (try? files.contentsOfDirectory(atPath: folder))?.sorted() ?? [] where entry.hasPrefix(prefix)
            {
                let names = (try? files.contentsOfDirectory(atPath: "\(folder)/\(entry)"))?.sorted() ?? []
                for name in names where name.hasPrefix("temp") && name.hasSuffix(suffix) {
                    let file = "\(folder)/\(entry)/\(name)"
                    if text(file).flatMap(ProcText.celsius) != nil { return file }
                }
            }
        }
        return nil
    }

    /// Files of the kernel have no length, so they are read until they end; more than this none of those here has.
    private static let textBytesMax = 1_048_576

    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < textBytesMax {
            let count = read(file, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
