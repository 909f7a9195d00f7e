import Foundation
import MosquittoClient

/// What a demo was asked to do, checked.
struct DemoSettings: Sendable {
    /// A broker that takes the place of the second node.
    struct Cloud: Sendable, Equatable {
        var place: BrokerURL
        /// Absolute paths.
        var authorityFile: String?
        var certificateFile: String?
        var keyFile: String?

        var tls: ConnectionOptions.TLS? {
            place.usesTLS
                ? .init(authorityFile: authorityFile, certificateFile: certificateFile, keyFile: keyFile) : nil
        }
    }

    var series: [RecordedSeries]
    var cloud: Cloud?
    var seconds: Int
    var folder: String?
    var keepsFolder: Bool
    var rules: String?
    /// Name of the gateway, under which messages arrive at the cloud.
    var node: String
    var isForPrograms: Bool

    static let seriesCountMax = 64
}

extension DemoSettings.Cloud {
    /// Throws what is wrong, as one sentence, with exit code 2; unreadable files with 3.
    init(url: String, authority: String?, certificate: String?, key: String?) throws(CommandFailure) {
        let place: BrokerURL
        do {
            place = try BrokerURL(parsing: url)
        } catch { throw CommandFailure(.wrongUsage, error.message) }
        guard place.username == nil, place.password == nil, place.topic == nil else {
            throw CommandFailure(
                .wrongUsage,
                "--cloud takes neither user nor topic: write mqtts://HOST:PORT and give --cloud-cert and --cloud-key")
        }
        guard (certificate == nil) == (key == nil) else {
            throw CommandFailure(.wrongUsage, "--cloud-cert and --cloud-key belong together: give both or none")
        }
        guard place.usesTLS || (authority == nil && certificate == nil) else {
            throw CommandFailure(
                .wrongUsage, "--cloud-ca, --cloud-cert and --cloud-key are for mqtts://, not for mqtt://")
        }
        self.place = place
        authorityFile = try Self.absolute(authority, "--cloud-ca")
        certificateFile = try Self.absolute(certificate, "--cloud-cert")
        keyFile = try Self.absolute(key, "--cloud-key")
    }

    private static func absolute(_ path: String?, _ option: String) throws(CommandFailure) -> String? {
        guard let path else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw CommandFailure(.cannotRun, "\(option): \(path) can't be read: check the path and its permissions")
        }
        return URL(fileURLWithPath: path).path
    }

    /// The address behind which a relay can stand: only for a broker on this machine, since the gateway goes on using the
    /// host's name, which its certificate proves. Without one the way to the cloud can't be cut.
    func relayAddress() throws(MosquittoError) -> ResolvedAddress? {
        let addresses = try AddressResolver.resolve(place.host)
        let isHere = addresses.allSatisfy { $0.text.hasPrefix("127.") || $0.text == "::1" }
        return isHere ? addresses.first { $0.text == DemoFolder.host } : nil
    }

    /// The same broker behind a relay's port.
    func url(port: Int) -> String {
        var relayed = place
        relayed.port = port
        return "\(place.usesTLS ? "mqtts" : "mqtt")://\(relayed.place)"
    }
}
