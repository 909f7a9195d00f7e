import Glibc
import MosquittoClient

/// Gateway, cloud and the wire between them, with the clients at both ends. Used on the main thread only.
final class DemoSite {
    let gateway: ChildNode
    let receiver: CloudReceiver
    let sensors: [Sensor]
    /// `nil`: the cloud is another machine.
    let relay: TCPRelay?
    private let cloud: ChildNode?

    private(set) var isGatewayUp = true
    private(set) var isCloudReachable = true
    private(set) var outageSeconds = 0.0
    private(set) var restarts = 0
    private var cutAt = 0.0

    /// Readings under way per sensor; with a fast recording each acknowledgement must bring many.
    private static let window = 20
    private static let fastWindow = 200

    /// Starts everything, from the far end on. What was started is stopped again when something fails.
    init(settings: DemoSettings, folder: DemoFolder, sensorNames: [String]) throws {
        let ports = try LoopbackPorts.free(count: 3)
        let (gatewayPort, relayPort, cloudPort) = (ports[0], ports[1], ports[2])
        var started: [ChildNode] = []
        var startedRelay: TCPRelay?
        do {
            let upstream: DemoConfiguration.Upstream
            if let broker = settings.cloud {
                cloud = nil
                let address = try Self.reaching(broker)
                startedRelay = address.map {
                    TCPRelay(port: relayPort, target: RelayTarget(address: $0, port: broker.place.port))
                }
                upstream = .init(
                    url: broker.url(port: address == nil ? broker.place.port : relayPort),
                    authorityFile: broker.authorityFile, certificateFile: broker.certificateFile,
                    keyFile: broker.keyFile)
                receiver = try Self.receiver(at: broker, node: settings.node)
            } else {
                let node = ChildNode(
                    name: DemoFolder.cloudName, configurationFile: folder.configurationFile(DemoFolder.cloudName),
                    logFile: folder.logFile(DemoFolder.cloudName))
                try folder.write(
                    configuration: DemoConfiguration.cloud(gateway: settings.node, port: cloudPort),
                    of: DemoFolder.cloudName)
                try node.start()
                started.append(node)
                cloud = node
                startedRelay = TCPRelay(
                    port: relayPort,
                    target: RelayTarget(address: ResolvedAddress(text: DemoFolder.host, family: .v4), port: cloudPort))
                upstream = .init(
                    url: "mqtts://\(DemoFolder.host):\(relayPort)", authorityFile: "../certs/ca.pem",
                    certificateFile: "../certs/\(DemoFolder.gatewayName).pem",
                    keyFile: "../certs/\(DemoFolder.gatewayName).key")
                receiver = try Self.whenReady(node) { () throws(MosquittoError) -> CloudReceiver in
                    let receiver = try CloudReceiver(
                        options: ConnectionOptions(
                            host: DemoFolder.host, port: cloudPort, clientID: DemoFolder.receiverName,
                            tls: folder.certificates.tls(of: DemoFolder.receiverName)),
                        node: settings.node)
                    try receiver.connect()
                    return receiver
                }
            }
            relay = startedRelay
            try startedRelay?.start()

            try folder.write(
                configuration: DemoConfiguration.gateway(node: settings.node, port: gatewayPort, upstream: upstream),
                of: DemoFolder.gatewayName)
            let node = ChildNode(
                name: DemoFolder.gatewayName, configurationFile: folder.configurationFile(DemoFolder.gatewayName),
                logFile: folder.logFile(DemoFolder.gatewayName))
            gateway = node
            try node.start()
            started.append(node)
            let window = settings.series.isEmpty ? Self.window : Self.fastWindow
            var connected: [Sensor] = []
            for name in sensorNames {
                connected.append(
                    try Self.whenReady(node) { () throws(MosquittoError) -> Sensor in
                        let sensor = try Sensor(
                            name: name, port: gatewayPort, certificates: folder.certificates, window: window)
                        try sensor.connect()
                        return sensor
                    })
            }
            sensors = connected
        } catch {
            for node in started.reversed() { node.stop() }
            startedRelay?.stop()
            throw error
        }
    }

    /// The address for a relay; throws what a person can do when there is no such broker.
    private static func reaching(_ broker: DemoSettings.Cloud) throws(CommandFailure) -> ResolvedAddress? {
        do {
            return try broker.relayAddress()
        } catch { throw CommandFailure(.cannotRun, error.message) }
    }

    private static func receiver(at broker: DemoSettings.Cloud, node: String) throws(CommandFailure) -> CloudReceiver {
        do {
            let receiver = try CloudReceiver(
                options: ConnectionOptions(
                    host: broker.place.host, port: broker.place.port,
                    clientID: "\(node)-\(DemoFolder.receiverName)-\(getpid())", tls: broker.tls),
                node: node)
            try receiver.connect()
            return receiver
        } catch { throw CommandFailure(.cannotRun, error.message) }
    }

    /// Tries until the node has opened its listener.
    private static func whenReady<Client>(
        _ node: ChildNode, _ connect: () throws(MosquittoError) -> Client
    ) throws(CommandFailure) -> Client {
        let end = DemoClock.seconds() + DemoPlan.startSecondsMax
        while true {
            do {
                return try connect()
            } catch {
                try node.requireRunning()
                switch error.code {
                case .unreachable where DemoClock.seconds() < end, .lost where DemoClock.seconds() < end: break
                default:
                    throw CommandFailure(
                        .cannotRun, "the \(node.name) is not reached: \(error.message); its log is \(node.logFile)")
                }
            }
            try StopRequest.pause(seconds: 0.05)
        }
    }

    // MARK: - What happens to it

    func cutCloud() throws {
        try relay?.cut()
        isCloudReachable = false
        cutAt = DemoClock.seconds()
    }

    func restoreCloud() throws {
        try relay?.restore()
        isCloudReachable = true
        outageSeconds += DemoClock.seconds() - cutAt
    }

    func killGateway() {
        gateway.kill9()
        isGatewayUp = false
    }

    func startGateway() throws {
        try gateway.start()
        isGatewayUp = true
        restarts += 1
    }

    func requireRunning() throws(CommandFailure) {
        if isGatewayUp { try gateway.requireRunning() }
        try cloud?.requireRunning()
    }

    /// Everything ends, in the order of the data. Safe to call twice.
    func stop() {
        for sensor in sensors { sensor.disconnect() }
        gateway.stop()
        relay?.stop()
        receiver.disconnect()
        cloud?.stop()
    }
}
