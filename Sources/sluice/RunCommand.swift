import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import SluiceNode
import UnixSignals

/// `sluice run`: the node, until it is told to stop.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the node: broker, rules and bridges.",
        discussion: """
            Without --config, sluice.yaml in this folder is read if it exists; without one the node listens on \
            127.0.0.1:1883 for this machine, takes rules from ./rules and keeps its data in ./data. \
            SIGTERM and SIGINT stop it in order. Logs go to standard error.
            """)

    @Option(name: [.customLong("config"), .short], help: "Configuration file.")
    var config: String?

    @Option(help: "Least level that is logged: trace, debug, info, notice, warning, error.")
    var logLevel: LogLevel = .info

    func run() async throws {
        let level = logLevel.level
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: "sluice")
        let configuration: NodeConfiguration
        do {
            configuration = try NodeConfiguration.load(file: config)
        } catch { throw CommandFailure(.cannotRun, "\(error)") }
        let node = NodeService(configuration, logger: logger)
        do {
            try await ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: node, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "sluice.lifecycle"))
            ).run()
        } catch let error as NodeError {
            switch error.code {
            case .rules: throw CommandFailure(.notRight, error.description)
            case .cannotRun: throw CommandFailure(.cannotRun, error.description)
            }
        }
    }
}

enum LogLevel: String, CaseIterable, ExpressibleByArgument {
    case trace, debug, info, notice, warning, error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
