/// The result of a run: what was delivered in the measured interval, and whether everything arrived once and in order.
struct LoadReport {
    let options: LoadOptions
    let seconds: Double
    let delivered: UInt64
    let published: UInt64
    let sentTotal: UInt64
    let deliveredTotal: UInt64
    let lost: UInt64
    let repeated: UInt64
    let outOfOrder: UInt64
    let duplicateFlags: UInt64
    let isStalled: Bool
    let p50Microseconds: Double
    let p99Microseconds: Double
    let generator: Share
    let broker: Share?

    /// Times of one process, as shares of the measured interval.
    struct Share {
        let busy: Double
        let waiting: Double

        init(_ from: ProcessTimes, _ to: ProcessTimes, seconds: Double) {
            busy = (to.busySeconds - from.busySeconds) / seconds
            waiting = (to.waitingSeconds - from.waitingSeconds) / seconds
        }
    }

    /// A run that stalled before its warm-up ended has nothing to report but that.
    init(_ run: borrowing LoadRun) throws(LoadError) {
        options = run.options
        let publishers = run.publishers
        sentTotal = run.sent
        deliveredTotal = run.account.delivered
        lost = run.account.lost { publishers[$0].sent }
        repeated = run.account.repeated
        outOfOrder = run.account.outOfOrder
        duplicateFlags = run.duplicateFlags
        isStalled = run.isStalled
        guard let from = run.opening, let to = run.closing else {
            throw .broker("nothing was delivered any more: \(run.sent) sent, \(run.account.delivered) delivered")
        }
        seconds = Double(to.nanoseconds - from.nanoseconds) / 1e9
        delivered = to.delivered - from.delivered
        published = to.sent - from.sent
        p50Microseconds = run.latency.microseconds(atShare: 0.5)
        p99Microseconds = run.latency.microseconds(atShare: 0.99)
        generator = Share(from.generator, to.generator, seconds: seconds)
        if let before = from.broker, let after = to.broker {
            broker = Share(before, after, seconds: seconds)
        } else {
            broker = nil
        }
    }

    var deliveredPerSecond: Double { Double(delivered) / seconds }

    /// QoS 1 may repeat; nothing else may, and nothing may be lost or change places.
    var isSound: Bool {
        lost == 0 && outOfOrder == 0 && !isStalled && (repeated == 0 || options.qos == 1)
    }

    private var brokerMicroseconds: Double? {
        broker.flatMap { delivered > 0 ? $0.busy * seconds * 1e6 / Double(delivered) : nil }
    }

    var json: String {
        var members = [
            "\"pattern\":\"\(options.pattern.rawValue)\"", "\"publishers\":\(options.publishers)",
            "\"subscribers\":\(options.subscribers)", "\"qos\":\(options.qos)", "\"payload\":\(options.payloadBytes)",
            "\"batch\":\(options.batch)", "\"window\":\(options.window)", "\"seconds\":\(Self.fixed(seconds, 3))",
            "\"delivered\":\(delivered)", "\"published\":\(published)",
            "\"delivered_per_second\":\(Self.fixed(deliveredPerSecond, 0))",
            "\"latency_p50_us\":\(Self.fixed(p50Microseconds, 1))",
            "\"latency_p99_us\":\(Self.fixed(p99Microseconds, 1))",
            "\"sent_total\":\(sentTotal)", "\"delivered_total\":\(deliveredTotal)", "\"lost\":\(lost)",
            "\"repeated\":\(repeated)", "\"out_of_order\":\(outOfOrder)", "\"dup_flags\":\(duplicateFlags)",
            "\"stalled\":\(isStalled)", "\"generator_busy\":\(Self.fixed(generator.busy, 3))",
            "\"generator_waiting\":\(Self.fixed(generator.waiting, 3))",
        ]
        if let broker, let brokerMicroseconds {
            members.append("\"broker_busy\":\(Self.fixed(broker.busy, 3))")
            members.append("\"broker_waiting\":\(Self.fixed(broker.waiting, 3))")
            members.append("\"broker_cpu_us\":\(Self.fixed(brokerMicroseconds, 3))")
        }
        return "{\(members.joined(separator: ","))}"
    }

    var text: String {
        var lines = [
            "\(Self.fixed(deliveredPerSecond, 0)) delivered per second (\(delivered) in \(Self.fixed(seconds, 2)) s)",
            "latency p50 \(Self.fixed(p50Microseconds, 0)) µs, p99 \(Self.fixed(p99Microseconds, 0)) µs",
            "whole run: \(sentTotal) sent, \(deliveredTotal) delivered, \(lost) lost, \(repeated) repeated,"
                + " \(outOfOrder) out of order\(isStalled ? "; stalled" : "")",
            "generator: busy \(Self.percent(generator.busy)), waiting for its core \(Self.percent(generator.waiting))",
        ]
        if let broker, let brokerMicroseconds {
            lines.append(
                "broker: busy \(Self.percent(broker.busy)), waiting for its core \(Self.percent(broker.waiting)),"
                    + " \(Self.fixed(brokerMicroseconds, 2)) CPU-µs per delivered message")
        }
        return lines.joined(separator: "\n")
    }

    private static func percent(_ share: Double) -> String { "\(fixed(share * 100, 0)) %" }

    /// `value` with so many decimals; not negative.
    private static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let scaled = Int((max(value, 0) * Double(scale)).rounded())
        guard decimals > 0 else { return String(scaled) }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
