import MosquittoClient

/// From what the client reports to how the bridge goes on.
extension BridgeMachine.Failure {
    init(_ error: MosquittoError) {
        let kind: FailureKind
        var isWorthAnotherAddress = false
        var blamesMessage = false
        switch error.code {
        case .unreachable, .timedOut:
            kind = .network
            isWorthAnotherAddress = true
        case .nameNotFound, .lost, .keepAliveExpired, .outOfMemory, .limit, .closed:
            kind = .network
        case .tls:
            kind = .credentials
        case .usage:
            kind = .configuration
        case .malformed:
            kind = .protocolViolation
        case .packetTooLarge, .qosNotSupported, .retainNotSupported:
            kind = .protocolViolation
            blamesMessage = true
        case .refused(let reason):
            kind = Self.kind(of: reason)
        case .disconnectedByServer(let reason):
            kind = Self.kind(of: reason)
            blamesMessage = Self.blamesMessage(reason)
        }
        self.init(
            kind, error.message, isWorthAnotherAddress: isWorthAnotherAddress, blamesMessage: blamesMessage)
    }

    private static func kind(of reason: UInt8) -> FailureKind {
        switch reason {
        case 0x84: .version
        case 0x85, 0x86, 0x87, 0x8A, 0x8C: .credentials
        case 0x8E: .takenOver
        case 0x89, 0x93, 0x96, 0x97, 0x9F: .busy
        case 0x81, 0x82, 0x90, 0x94, 0x95, 0x99, 0x9A, 0x9B: .protocolViolation
        default: .network
        }
    }

    /// Reasons that a server gives when it ends a connection since it does not want a message (MQTT 5, 4.13).
    private static func blamesMessage(_ reason: UInt8) -> Bool {
        switch reason {
        case 0x81, 0x82, 0x87, 0x90, 0x94, 0x95, 0x99, 0x9A, 0x9B: true
        default: false
        }
    }
}
