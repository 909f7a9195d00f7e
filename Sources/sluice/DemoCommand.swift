import ArgumentParser
import Foundation
import Identity
import MosquittoClient

/// `sluice demo`: the whole point in a minute, on this machine.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show it all on this machine: sensors, rules, an outage, a kill -9, a checked summary.",
        discussion: """
            Makes an authority and certificates, starts a gateway with the shipped rules and a stand-in cloud, and publishes \
            this machine's own telemetry, each sensor with a certificate of its own. Provokes three incidents that the \
            rules must find, cuts the cloud off, ends the gateway with kill -9 and starts it again, and checks with sequence \
            numbers that nothing acknowledged is lost, duplicated or out of order. Needs no network and no input.

            Exit codes: 0 all is well; 1 something was lost, duplicated, out of order or missed; 2 wrong usage; 3 cannot run.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(
        help: ArgumentHelp(
            "Recorded series (CSV with a column \"value\") in place of this machine's telemetry; may be repeated.",
            valueName: "file"))
    var csv: [String] = []

    @Option(help: ArgumentHelp("Broker in place of the stand-in cloud: mqtts://host:port.", valueName: "url"))
    var cloud: String?

    @Option(help: ArgumentHelp("Authority that the cloud's certificate must come from (PEM).", valueName: "file"))
    var cloudCa: String?

    @Option(help: ArgumentHelp("Certificate for the cloud, of the bridge and the receiver (PEM).", valueName: "file"))
    var cloudCert: String?

    @Option(help: ArgumentHelp("Key of that certificate (PEM).", valueName: "file"))
    var cloudKey: String?

    @Option(help: "text, or json: one line on standard output at the end.")
    var format = Format.text

    @Option(help: "Seconds for which sensors are sampled, 30 to 3600; the whole takes about 15 more.")
    var seconds = DemoPlan.defaultSeconds

    @Option(
        help: ArgumentHelp("Folder to work in, new or empty; it is kept. Default: a temporary one.", valueName: "dir"))
    var folder: String?

    @Flag(help: "Keep the temporary folder; it is kept anyway when something is not right.")
    var keep = false

    @Option(
        help: ArgumentHelp("Folder of the shipped rules. Default: ./rules, else the installed ones.", valueName: "dir"))
    var rules: String?

    @Option(help: ArgumentHelp("Name of the gateway: what it sends arrives under it at the cloud.", valueName: "name"))
    var node = DemoFolder.gatewayName

    @Option(help: .hidden)
    var becomeNode: String?

    func validate() throws {
        guard DemoPlan.secondsRange.contains(seconds) else {
            throw ValidationError(
                "--seconds is \(DemoPlan.secondsRange.lowerBound) to \(DemoPlan.secondsRange.upperBound)")
        }
        guard csv.count <= DemoSettings.seriesCountMax else {
            throw ValidationError("--csv can be given \(DemoSettings.seriesCountMax) times at most")
        }
        if cloud == nil, cloudCa != nil || cloudCert != nil || cloudKey != nil {
            throw ValidationError("--cloud-ca, --cloud-cert and --cloud-key need --cloud")
        }
        if let flaw = Authority.flaw(ofIssuedName: node) { throw ValidationError("--node: \(flaw)") }
    }

    func run() throws {
        if let becomeNode { try ChildNode.becomeNode(configurationFile: becomeNode) }
        StopRequest.install()
        let settings = try settings()
        let place = try DemoFolder(folder)
        var isKept = keep || folder != nil
        defer { if !isKept { place.remove() } }
        do {
            var demo = try DemoRun(settings, folder: place)
            let summary: DemoSummary
            do {
                summary = try demo.run()
            } catch {
                // Whoever looks for the reason wants the logs.
                if !StopRequest.isThere, place.hasLogs { isKept = true }
                throw error
            }
            print(format == .json ? summary.json : summary.text)
            guard summary.isRight else {
                isKept = true
                throw CommandFailure(
                    .notRight,
                    "the demo is not right: \(summary.wrong.joined(separator: ", ")); logs are in \(place.path)")
            }
            if isKept, format == .text { print("Everything of this demo is in \(place.path).") }
        } catch let error as MosquittoError {
            throw CommandFailure(.cannotRun, error.message)
        } catch let error as CredentialError {
            throw CommandFailure(.cannotRun, error.description)
        }
    }

    /// What the options say, checked.
    func settings() throws -> DemoSettings {
        var series: [RecordedSeries] = []
        for path in csv {
            do {
                series.append(try RecordedSeries(path: path))
            } catch { throw CommandFailure(.cannotRun, error.description) }
        }
        let broker = try cloud.map {
            try DemoSettings.Cloud(url: $0, authority: cloudCa, certificate: cloudCert, key: cloudKey)
        }
        return DemoSettings(
            series: series, cloud: broker, seconds: seconds, folder: folder, keepsFolder: keep, rules: rules,
            node: node,
            isForPrograms: format == .json)
    }
}
