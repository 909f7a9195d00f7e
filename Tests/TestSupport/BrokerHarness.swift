package import Broker
import Foundation
package import Identity
package import Ledger
import Logging

/// A real broker on an ephemeral port with a real ledger in a temporary folder.
package final class BrokerHarness {
    package let folder: String
    package private(set) var broker: Broker
    package private(set) var ledger: Ledger
    package private(set) var port: Int
    private let limits: BrokerLimits
    private let rules: [AccessRule]
    private let loopCount: Int

    package static let openAccess = [
        AccessRule(identity: "*", listener: nil, publish: ["#"], subscribe: ["#", "$SYS/#"], deny: false)
    ]

    package init(
        limits: BrokerLimits = BrokerLimits(), rules: [AccessRule] = BrokerHarness.openAccess, loopCount: Int = 1
    ) async throws {
        self.limits = limits
        self.rules = rules
        self.loopCount = loopCount
        folder = try TemporaryFolder.make()
        (broker, ledger, port) = try await Self.start(folder, limits, rules, loopCount)
    }

    private static func start(
        _ folder: String, _ limits: BrokerLimits, _ rules: [AccessRule], _ loopCount: Int
    ) async throws -> (Broker, Ledger, Int) {
        let (ledger, recovered) = try Ledger.open(Ledger.Options(folder: folder, node: "test"))
        let broker = Broker(
            BrokerConfiguration(
                listeners: [BrokerListener(name: "local", host: "127.0.0.1", port: 0, anonymous: true)],
                access: try AccessRules(rules), limits: limits, loopCount: loopCount),
            ledger: ledger, recovered: recovered, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let ports = try await broker.start()
        return (broker, ledger, ports[0])
    }

    /// Stops the broker and starts another on the same ledger.
    package func restart() async throws {
        await broker.stop()
        ledger.close()
        (broker, ledger, port) = try await Self.start(folder, limits, rules, loopCount)
    }

    package func stop() async {
        await broker.stop()
        ledger.close()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

package enum TemporaryFolder {
    package static func make() throws -> String {
        let path = NSTemporaryDirectory() + "sluice-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

/// Runs `body` with a broker that is stopped afterwards, whatever happens.
package func withBroker(
    limits: BrokerLimits = BrokerLimits(), rules: [AccessRule] = BrokerHarness.openAccess, loopCount: Int = 1,
    _ body: (BrokerHarness) async throws -> Void
) async throws {
    let harness = try await BrokerHarness(limits: limits, rules: rules, loopCount: loopCount)
    do {
        try await body(harness)
    } catch {
        await harness.stop()
        throw error
    }
    await harness.stop()
}
