/// Why something was not possible: what, where and what to do, in one sentence.
package struct MosquittoError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The caller asked for something that makes no sense: an unreadable file, a forbidden topic.
        case usage
        case nameNotFound
        /// TCP could not be established; the number of the system's error.
        case unreachable(errno: Int32)
        /// No answer in time: TCP, TLS handshake, CONNACK or an acknowledgement.
        case timedOut
        /// The handshake failed, or the server's certificate or ours was not accepted.
        case tls
        /// CONNACK with a reason code ≥ 0x80. Return codes of 3.1.1 are translated to those of version 5.
        case refused(UInt8)
        /// The server sent DISCONNECT with this reason code.
        case disconnectedByServer(UInt8)
        /// The connection ended without a word: FIN, RST, or a broken TLS session.
        case lost
        /// No answer to PINGREQ.
        case keepAliveExpired
        /// The peer's bytes are not MQTT.
        case malformed
        case packetTooLarge
        case qosNotSupported
        case retainNotSupported
        case outOfMemory
        /// The session was closed by its own program.
        case closed
        /// A bound that this program sets itself was reached.
        case limit
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Reason codes of MQTT 5 (2.4) that a client meets, in words.
package enum ReasonCode {
    package static let success: UInt8 = 0x00
    package static let noMatchingSubscribers: UInt8 = 0x10
    package static let implementationSpecific: UInt8 = 0x83
    package static let unsupportedProtocolVersion: UInt8 = 0x84
    package static let notAuthorized: UInt8 = 0x87
    package static let serverBusy: UInt8 = 0x89
    package static let sessionTakenOver: UInt8 = 0x8E
    package static let packetTooLarge: UInt8 = 0x95
    package static let quotaExceeded: UInt8 = 0x97

    /// Codes from 0x80 tell of a failure [MQTT 5, 2.4].
    package static func isFailure(_ code: UInt8) -> Bool { code >= 0x80 }

    /// The reason and what to do about it, without a full stop.
    package static func text(_ code: UInt8) -> String {
        switch code {
        case 0x00: "success"
        case 0x04: "disconnect with will"
        case 0x10: "no matching subscribers"
        case 0x80: "unspecified error; the server's log may say more"
        case 0x81: "malformed packet"
        case 0x82: "protocol error"
        case 0x83: "refused for a reason of the server's own; its log may say more"
        case 0x84: "the server does not speak this version of MQTT; try another one"
        case 0x85: "the client id is not accepted; choose another one"
        case 0x86: "user name or password is wrong; check the credentials"
        case 0x87: "not authorized; check the credentials and the server's access rules"
        case 0x88: "the server is unavailable; it will be tried again"
        case 0x89: "the server is busy; try later"
        case 0x8A: "this client is banned; ask the server's operator"
        case 0x8B: "the server is shutting down"
        case 0x8C: "bad authentication method"
        case 0x8D: "keep alive timeout"
        case 0x8E: "another client connected with the same client id; give each client its own"
        case 0x8F: "the topic filter is not accepted"
        case 0x90: "the topic is not accepted; check the topics the server allows"
        case 0x93: "more unacknowledged messages than the server allows"
        case 0x94: "topic alias invalid"
        case 0x95: "the packet is larger than the server allows; send smaller messages"
        case 0x96: "the message rate is too high; publish less often"
        case 0x97: "a quota of the server is used up; ask its operator or wait"
        case 0x98: "closed by an administrator of the server"
        case 0x99: "the payload does not have the announced format"
        case 0x9A: "the server does not keep retained messages; publish without retain"
        case 0x9B: "the server does not support this QoS; use a lower one"
        case 0x9C: "the server asks to use another server"
        case 0x9D: "the server has moved"
        case 0x9E: "the server has no shared subscriptions"
        case 0x9F: "connected too often; wait longer between attempts"
        case 0xA0: "the server's maximum connect time is over"
        case 0xA1: "the server has no subscription identifiers"
        case 0xA2: "the server has no wildcard subscriptions"
        default: "reason code \(hexadecimal(code))"
        }
    }

    package static func hexadecimal(_ code: UInt8) -> String {
        let digits = String(code, radix: 16, uppercase: true)
        return digits.count == 1 ? "0x0\(digits)" : "0x\(digits)"
    }

    /// The version 5 reason for a return code of 3.1.1's CONNACK (3.2.2.3 there).
    package static func fromReturnCode(_ code: Int32) -> UInt8 {
        switch code {
        case 0: 0x00
        case 1: 0x84
        case 2: 0x85
        case 3: 0x88
        case 4: 0x86
        case 5: 0x87
        default: code >= 0x80 && code <= 0xFF ? UInt8(code) : 0x80
        }
    }
}
