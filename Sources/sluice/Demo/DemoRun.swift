import Glibc
import MosquittoClient

/// One demo, from an empty folder to its summary. Used on the main thread only.
struct DemoRun {
    private let settings: DemoSettings
    private let folder: DemoFolder
    private let plan: DemoPlan
    private let rules: ShippedRules
    private let feed: any SensorFeed
    private let spikes: SpikeDesk
    private let provoker: Provoker
    private let kinds: [Provoker.Kind]
    private var incidents: [Incident]
    private var view: LiveView
    private let begin = DemoClock.seconds()

    /// The last messages may be on their way when the last window's are there.
    private static let quietSeconds = 0.8
    /// When everything else is there, a report that has not come so long after does not come any more.
    private static let hopelessSeconds = 5.0
    /// Timers of a busy machine are late.
    private static let windowSeconds = 0.4

    init(_ settings: DemoSettings, folder: DemoFolder) throws {
        self.settings = settings
        self.folder = folder
        let isCut = try settings.cloud.map { broker in try broker.relayAddress() != nil } ?? true
        plan = DemoPlan(seconds: settings.seconds, cutsCloud: isCut)
        rules = try ShippedRules(folder: settings.rules, summarySeconds: DemoPlan.summarySeconds)
        spikes = SpikeDesk()
        provoker = Provoker(spikes: spikes)
        if settings.series.isEmpty {
            feed = MachineTelemetry()
        } else {
            feed = RecordedTelemetry(
                series: settings.series, seconds: settings.seconds, reserved: DemoFolder.reservedNames, spikes: spikes)
        }
        let prepared =
            settings.series.isEmpty
            ? Provoker.machineIncidents() : Provoker.recordedIncidents(sensors: feed.sensorNames)
        incidents = prepared.map(\.incident)
        kinds = prepared.map(\.kind)
        view = LiveView(isSilent: settings.isForPrograms)
        for incident in incidents where !feed.sensorNames.contains(incident.sensor) {
            throw CommandFailure(
                .cannotRun,
                "this machine does not tell what \(incident.sensor) needs (is /proc mounted?): use recorded series with --csv"
            )
        }
    }

    mutating func run() throws -> DemoSummary {
        introduce()
        try folder.makeCertificates(sensors: feed.sensorNames)
        try folder.write(rules: rules.files)
        let site = try DemoSite(settings: settings, folder: folder, sensorNames: feed.sensorNames)
        defer { site.stop() }
        let sampler = Sampler(feed, sensors: site.sensors)
        try sampler.start()
        defer {
            sampler.stop()
            provoker.join()
        }
        let start = DemoClock.seconds()
        try play(site, start: start)
        if let failure = sampler.stop() { throw CommandFailure(.cannotRun, "the sensors stopped: \(failure.message)") }
        try settle(site, start: start)
        view.end()
        return summary(site)
    }

    private mutating func introduce() {
        let cloud = settings.cloud.map { "\($0.place.place), a broker of its own" } ?? "a second node on this machine"
        view.tell("Sluice demo: sensors with certificates -> gateway (broker, rules, ledger, bridge) -> cloud")
        view.tell("  sensors  \(feed.sensorNames.joined(separator: ", "))")
        if settings.series.isEmpty {
            view.tell(
                "           this machine, sampled \(DemoPlan.ticksPerSecond) times a second, with each sensor's own noise"
            )
        } else {
            view.tell(
                "           recorded, played in \(settings.seconds) s; three spikes are added, for the rules to find")
        }
        view.tell("  cloud    \(cloud), over mutual TLS")
        let shortened =
            rules.shortened.isEmpty
            ? ""
            : " (every \(DemoPlan.summarySeconds)s in place of \(rules.shortened.joined(separator: ", ")), to show in a minute)"
        view.tell("  rules    \(rules.files.map(\.name).joined(separator: ", ")) of \(rules.folder)\(shortened)")
        view.tell("  folder   \(folder.path)")
    }

    /// The part with sensors: plays the plan and shows a line each second.
    private mutating func play(_ site: DemoSite, start: Double) throws {
        var entries = plan.entries[...]
        var lastStep = start
        var nextLine = 1.0
        while true {
            let now = DemoClock.seconds()
            if let entry = entries.first {
                let late = now - lastStep - entry.gap
                if late >= 0, late >= DemoPlan.gateSecondsMax || isOpen(entry, site) {
                    entries.removeFirst()
                    try perform(entry.step, site, second: Int(now - start))
                    lastStep = now
                }
            } else if now - lastStep >= plan.lastGap, provoker.isQuiet {
                return
            }
            noteSpikes()
            if now - start >= nextLine {
                show(site, second: Int(now - start))
                nextLine = (now - start).rounded(.down) + 1
            }
            try site.requireRunning()
            try StopRequest.pause()
        }
    }

    private func isOpen(_ entry: DemoPlan.Entry, _ site: DemoSite) -> Bool {
        guard isOpen(entry.gate, site) else { return false }
        guard case .provoke(let number) = entry.step,
            let sensor = site.sensors.first(where: { $0.name == incidents[number].sensor })
        else { return true }
        return incidents[number].standsOut(of: sensor.recent)
    }

    private func isOpen(_ gate: DemoPlan.Gate, _ site: DemoSite) -> Bool {
        let counts = site.sensors.map(\.now)
        switch gate {
        case .none: return true
        case .quiet: return provoker.isQuiet
        case .connected: return counts.allSatisfy(\.isConnected)
        case .calm:
            return provoker.isQuiet
                && counts.allSatisfy {
                    $0.isConnected && $0.acknowledged >= DemoPlan.windowReadings
                        && $0.outstanding * 5 <= DemoPlan.windowReadings
                }
        }
    }

    private mutating func perform(_ step: DemoPlan.Step, _ site: DemoSite, second: Int) throws {
        switch step {
        case .provoke(let number):
            incidents[number].beganAt = DemoClock.wallMilliseconds()
            guard let sensor = site.sensors.first(where: { $0.name == incidents[number].sensor }) else { return }
            try provoker.provoke(kinds[number], sensor: sensor)
            view.tell("provoked: \(incidents[number].title) (watched by \(incidents[number].sensor))", second: second)
        case .cutCloud:
            try site.cutCloud()
            view.tell("the way to the cloud is cut", second: second)
        case .killGateway:
            site.killGateway()
            view.tell("the gateway is ended with kill -9; sensors go on and keep their readings", second: second)
        case .startGateway:
            try site.startGateway()
            view.tell("the gateway is started again", second: second)
        case .restoreCloud:
            try site.restoreCloud()
            view.tell("the way to the cloud is whole again", second: second)
        }
    }

    private mutating func noteSpikes() {
        while let made = spikes.takeMade() {
            let name = feed.sensorNames[made.sensor]
            // Spikes of one sensor are made in the order in which they were ordered.
            for index in incidents.indices
            where incidents[index].sensor == name && incidents[index].beganAt != nil && incidents[index].isOpen {
                incidents[index].sign = .value(made.value)
                break
            }
        }
    }

    /// Waits until nothing is under way any more: readings acknowledged, the last window closed, its summary at the cloud.
    private mutating func settle(_ site: DemoSite, start: Double) throws {
        let end = DemoClock.seconds() + DemoPlan.settleSecondsMax
        provoker.join()
        view.tell("sampling has ended; waiting for the last summaries", second: Int(DemoClock.seconds() - start))
        var nextLine = 0.0
        var windowEnd: Double?
        while DemoClock.seconds() < end {
            let now = DemoClock.seconds()
            let tally = site.receiver.now
            let isAcknowledged = site.sensors.allSatisfy { $0.now.outstanding == 0 }
            if isAcknowledged, windowEnd == nil { windowEnd = now + Self.secondsToWindowEnd() + Self.windowSeconds }
            let quiet = now - max(tally.lastArrival, windowEnd ?? now)
            let isReported = incidents.allSatisfy { $0.report(among: tally.anomalies) != nil }
            if quiet >= (isReported ? Self.quietSeconds : Self.hopelessSeconds), isComplete(site, tally) { return }
            if now >= nextLine {
                show(site, second: Int(now - start))
                nextLine = now.rounded(.down) + 1
            }
            try site.requireRunning()
            try StopRequest.pause()
        }
    }

    /// Until the summaries' windows close, which begin at whole multiples of their length since the epoch.
    private static func secondsToWindowEnd() -> Double {
        let period = Int64(DemoPlan.summarySeconds) * 1_000
        return Double(period - DemoClock.wallMilliseconds() % period) / 1_000
    }

    private func isComplete(_ site: DemoSite, _ tally: CloudTally) -> Bool {
        tally.check.missing == 0 && balances(site, tally).allSatisfy { $0.lost == 0 }
    }

    private func balances(_ site: DemoSite, _ tally: CloudTally) -> [ReadingBalance] {
        site.sensors.map { sensor in
            let counts = sensor.now
            return ReadingBalance(
                acknowledged: counts.acknowledged, uncertain: counts.resentMax + counts.outstanding,
                summarized: tally.summarized[sensor.name] ?? 0)
        }
    }

    private mutating func show(_ site: DemoSite, second: Int) {
        let tally = site.receiver.now
        let counts = site.sensors.map(\.now)
        let bytes = counts.reduce(0) { $0 + $1.bytes }
        view.show(
            LiveView.Line(
                second: second, published: counts.reduce(0) { $0 + $1.published },
                acknowledged: counts.reduce(0) { $0 + $1.acknowledged },
                connectedSensors: counts.count { $0.isConnected },
                sensors: counts.count, isGatewayUp: site.isGatewayUp, isCloudReachable: site.isCloudReachable,
                summaries: tally.summaries, anomalies: tally.anomalyCount, alarms: tally.alarms,
                savedPercent: bytes > 0 ? (1 - Double(tally.bytes) / Double(bytes)) * 100 : nil))
    }

    private func summary(_ site: DemoSite) -> DemoSummary {
        let tally = site.receiver.now
        let counts = site.sensors.map(\.now)
        let balances = balances(site, tally)
        var summary = DemoSummary()
        summary.sensors = counts.count
        summary.published = counts.reduce(0) { $0 + $1.published }
        summary.acknowledged = counts.reduce(0) { $0 + $1.acknowledged }
        summary.refused = counts.reduce(0) { $0 + $1.refused }
        summary.bytesIn = counts.reduce(0) { $0 + $1.bytes }
        summary.bytesUp = tally.bytes
        summary.incidents = incidents.map { incident in
            let report = incident.report(among: tally.anomalies)
            let seconds = report.map { Double($0.timestamp - (incident.beganAt ?? $0.timestamp)) / 1_000 }
            return .init(title: incident.title, sensor: incident.sensor, seconds: seconds, score: report?.score)
        }
        summary.cloudReceived = tally.received
        summary.summaries = tally.summaries
        summary.anomalies = tally.anomalyCount
        summary.alarms = tally.alarms
        summary.lost = tally.check.missing + balances.reduce(0) { $0 + $1.lost }
        summary.duplicated = tally.check.duplicated + balances.reduce(0) { $0 + $1.surplus }
        summary.outOfOrder = tally.check.outOfOrder
        summary.redelivered = tally.check.redelivered
        summary.unmarked = tally.unmarked
        summary.outageSeconds = site.outageSeconds
        summary.restarts = site.restarts
        summary.seconds = DemoClock.seconds() - begin
        return summary
    }
}
