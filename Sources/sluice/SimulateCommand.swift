import ArgumentParser
import Foundation
import Identity
import Messages
import MosquittoClient

/// `sluice simulate`: publishes recorded series as many sensors, each with its own certificate.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Publish recorded series as sensors, each with a certificate of its own.",
        discussion: """
            With --csv, each file is one sensor named after it, or --sensor and --sensors say which sensors play the files \
            in turn. Without --csv the readings are made up. With --certs, TLS is used and each sensor shows NAME.pem and \
            NAME.key of that folder; without, the listener must be plain.

            Exit codes: 0 done; 1 the broker refused readings; 2 wrong usage; 3 no connection, or a file can't be read.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(
        name: [.customLong("csv"), .customLong("input")],
        help: ArgumentHelp("Recorded series: CSV with a column \"value\"; may be repeated.", valueName: "file"))
    var csv: [String] = []

    @Option(help: ArgumentHelp("How many sensors, named sensor-1, sensor-2, …", valueName: "count"))
    var sensors: Int?

    @Option(help: ArgumentHelp("Name of one sensor; may be repeated.", valueName: "name"))
    var sensor: [String] = []

    @Option(help: "Readings per second of each sensor, whatever the recorded times (made-up readings: 1).")
    var rate: Double?

    @Option(help: "How many times as fast as recorded (default: 1).")
    var speed: Double?

    @Option(help: "End after so many seconds (default: when the recordings end).")
    var seconds: Double?

    @Flag(name: .customLong("repeat"), help: "Begin recordings again when they end.")
    var repeats = false

    @Option(help: ArgumentHelp("Topic; {id} stands for the sensor's name.", valueName: "topic"))
    var topic = "sensors/{id}/reading"

    @Option(name: [.customShort("q"), .long], help: "QoS: 0, 1 or 2.")
    var qos: UInt8 = 1

    @Option(
        name: [.customShort("L"), .long],
        help: ArgumentHelp("Broker as mqtt://host:port or mqtts://host:port.", valueName: "url"))
    var url: String?

    @Option(name: .long, help: "Broker's host name or address (default: 127.0.0.1).")
    var host: String?

    @Option(name: [.customShort("p"), .long], help: "Broker's port (default: 1883, with TLS 8883).")
    var port: Int?

    @Option(
        help: ArgumentHelp(
            "File with the trusted authorities' certificates (default: ca.pem of --certs).", valueName: "file"))
    var cafile: String?

    @Option(
        name: [.customLong("cert-dir"), .customLong("certs")],
        help: ArgumentHelp("Folder with NAME.pem and NAME.key of each sensor; turns TLS on.", valueName: "dir"))
    var certificates: String?

    @Option(help: "text or json.")
    var format = Format.text

    func validate() throws {
        if sensors != nil, !sensor.isEmpty { throw ValidationError("--sensors and --sensor exclude each other") }
        if csv.isEmpty, sensors == nil, sensor.isEmpty {
            throw ValidationError("say what to publish: --csv FILE or --sensors N")
        }
        if rate != nil, speed != nil { throw ValidationError("--rate and --speed exclude each other") }
        for (name, number) in [("--rate", rate), ("--speed", speed), ("--seconds", seconds)] {
            if let number, !(number > 0 && number.isFinite) {
                throw ValidationError("\(name) is a number greater than 0")
            }
        }
        if csv.isEmpty, speed != nil || repeats {
            throw ValidationError("--speed and --repeat are for recordings: give --csv")
        }
        if QoS(rawValue: qos) == nil { throw ValidationError("-q is 0, 1 or 2") }
        if url != nil, host != nil || port != nil {
            throw ValidationError("--url already says where the broker is: leave --host and --port out")
        }
        let example = topic.replacing("{id}", with: "x")
        if !TopicText.isName(example.utf8) || example.contains("{") {
            throw ValidationError("\"\(topic)\" is not a topic to publish to, with {id} for the sensor's name")
        }
        let count = sensors ?? max(sensor.count, csv.count)
        guard (1...Simulation.sensorCountMax).contains(count) else {
            throw ValidationError("1 to \(Simulation.sensorCountMax) sensors are possible, not \(count)")
        }
    }

    func run() throws {
        StopRequest.install()
        let stations = try stations()
        let place = try place()
        let simulation = Simulation(qos: QoS(rawValue: qos) ?? .atLeastOnce)
        let counts: SimulationOutcome.Counts
        do {
            for (name, signal) in stations {
                if StopRequest.isThere { break }
                try simulation.add(
                    name: name, topic: topic.replacing("{id}", with: name), options: options(name, place),
                    signal: signal)
            }
            counts = try simulation.run(seconds: seconds)
        } catch {
            throw CommandFailure(error.code == .usage ? .wrongUsage : .cannotRun, error.message)
        }
        switch format {
        case .text:
            let noun = stations.count == 1 ? "sensor" : "sensors"
            print(
                "\(stations.count) \(noun) published \(counts.published) readings: \(counts.acknowledged) acknowledged, "
                    + "\(counts.refused) refused, \(counts.failed) not delivered")
        case .json:
            print(
                "{\"sensors\":\(stations.count),\"published\":\(counts.published),\"acknowledged\":\(counts.acknowledged),"
                    + "\"refused\":\(counts.refused),\"failed\":\(counts.failed)}")
        }
        if counts.failed > 0 {
            throw CommandFailure(
                .cannotRun, counts.failure?.message ?? "\(counts.failed) readings were not acknowledged")
        }
        if counts.refused > 0 {
            throw CommandFailure(
                .notRight, "the broker refused \(counts.refused) readings: \(ReasonCode.text(counts.refusal))")
        }
    }

    /// Names and signals, in order.
    private func stations() throws -> [(name: String, signal: SimulatedSignal)] {
        do {
            let recordings = try csv.map { (path: $0, series: try RecordedSeries(path: $0)) }
            let names = names(recordings.map(\.series))
            let pace: Simulation.Pace = rate.map { .rate($0) } ?? .speed(speed ?? 1)
            return try names.enumerated().map { number, name in
                guard !recordings.isEmpty else { return (name, SimulatedSignal(madeUp: number, rate: rate ?? 1)) }
                let (path, series) = recordings[number % recordings.count]
                // Sensors that share a recording are at different places of it, so that they do not move in step.
                let sharing = (names.count - 1 - number % recordings.count) / recordings.count + 1
                let first = series.rows.count / sharing * (number / recordings.count) % series.rows.count
                let signal = try SimulatedSignal(
                    series, path: path, pace: pace, first: first, rounds: repeats ? nil : 1)
                return (name, signal)
            }
        } catch let error as RecordedSeries.Unreadable {
            throw CommandFailure(.cannotRun, error.description)
        }
    }

    private func names(_ series: [RecordedSeries]) -> [String] {
        if !sensor.isEmpty { return sensor }
        if let sensors { return (1...sensors).map { "sensor-\($0)" } }
        var names: [String] = []
        for entry in series { names.append(entry.sensorName(besides: names)) }
        return names
    }

    private func place() throws -> BrokerURL {
        do {
            var place =
                try url.map { try BrokerURL(parsing: $0) }
                ?? BrokerURL(host: host ?? "127.0.0.1", port: port ?? (usesTLS ? 8883 : 1883), usesTLS: usesTLS)
            if usesTLS { place.usesTLS = true }
            return place
        } catch let error as MosquittoError {
            throw CommandFailure(.wrongUsage, error.message)
        }
    }

    private var usesTLS: Bool { certificates != nil || cafile != nil }

    private func options(_ name: String, _ place: BrokerURL) -> ConnectionOptions {
        var options = ConnectionOptions(host: place.host, port: place.port, clientID: name)
        options.username = place.username
        options.password = place.password
        if place.usesTLS {
            let folder = certificates.map { CredentialFolder($0) }
            options.tls = .init(
                authorityFile: cafile ?? folder?.path(of: Authority.certificateFile),
                certificateFile: folder?.path(of: "\(name).pem"), keyFile: folder?.path(of: "\(name).key"))
        }
        return options
    }
}
