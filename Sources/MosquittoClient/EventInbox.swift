import CMosquitto
import Glibc
import Messages

/// Where libmosquitto's callbacks put what happened.
///
/// Callbacks run under locks of the library: they append here and return, and call nothing of the library.
final class EventInbox {
    var events: [ConnectionEvent] = []
    private var tlsTexts: [String] = []

    /// Lines of trouble kept for an error's text.
    private static let tlsTextCountMax = 4

    /// What OpenSSL complained about, in words that say what to do; nil: nothing.
    var tlsTrouble: String? {
        let all = tlsTexts.joined(separator: "; ")
        guard !all.isEmpty else { return nil }
        if all.contains("host name verification failed") {
            return "the server's certificate is for another host; connect by the name in it, or fix the certificate"
        }
        if all.contains("certificate verify failed") {
            return "the server's certificate is not from a trusted authority or not valid now; check CA file and clock"
        }
        if all.contains("certificate required") || all.contains("handshake failure") {
            return "the server wants a client certificate; give one with its key"
        }
        if all.contains("alert"), ["unknown ca", "bad certificate", "decrypt error"].contains(where: all.contains) {
            return "the server does not accept this client's certificate; use one from the authority it trusts"
        }
        if all.contains("certificate expired") {
            return "the server says that this client's certificate has expired; renew it"
        }
        if all.contains("certificate revoked") { return "the server says that this client's certificate is revoked" }
        if all.contains("wrong version number") || all.contains("packet length too long") {
            return "the server does not speak TLS on this port; check the port"
        }
        if all.contains("key values mismatch") { return "certificate and key do not belong together" }
        return all
    }

    func noteLog(_ level: Int32, _ text: String) {
        guard level & (MOSQ_LOG_ERR | MOSQ_LOG_WARNING) != 0, tlsTexts.count < Self.tlsTextCountMax else { return }
        tlsTexts.append(text)
    }

    func install(on handle: OpaquePointer, version: ProtocolVersion) {
        mosquitto_log_callback_set(handle) { _, context, level, text in
            guard let inbox = EventInbox.at(context), let text else { return }
            guard level & (MOSQ_LOG_ERR | MOSQ_LOG_WARNING) != 0 else { return }
            inbox.noteLog(level, String(cString: text))
        }
        mosquitto_connect_v5_callback_set(handle) { _, context, result, flags, properties in
            guard let inbox = EventInbox.at(context) else { return }
            if result == 0 {
                let limits = PropertyListReader.serverLimits(properties)
                inbox.events.append(.connected(sessionPresent: flags & 1 != 0, limits))
            } else {
                inbox.events.append(.refused(reason: ReasonCode.fromReturnCode(result)))
            }
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, packetID, reason, _ in
            EventInbox.at(context)?.events.append(.published(packetID: packetID, reason: UInt8(clamping: reason)))
        }
        mosquitto_subscribe_v5_callback_set(handle) { _, context, packetID, count, granted, _ in
            let codes = UnsafeBufferPointer(start: granted, count: Int(max(count, 0)))
            EventInbox.at(context)?.events.append(
                .subscribed(packetID: packetID, granted: codes.map { UInt8(clamping: $0) }))
        }
        mosquitto_unsubscribe_v5_callback_set(handle) { _, context, packetID, _ in
            EventInbox.at(context)?.events.append(.unsubscribed(packetID: packetID))
        }
        mosquitto_message_v5_callback_set(handle) { _, context, message, properties in
            guard let inbox = EventInbox.at(context), let message else { return }
            inbox.events.append(.message(EventInbox.copy(message.pointee, properties)))
        }
        // The code is one of the library's own (< 0x80), or in version 5 the reason of the server's DISCONNECT.
        if version == .v5 {
            mosquitto_disconnect_v5_callback_set(handle) { _, context, result, _ in
                guard result >= 0x80, result <= 0xFF else { return }
                EventInbox.at(context)?.events.append(.disconnectedByServer(reason: UInt8(result)))
            }
        }
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> EventInbox? {
        context.map { Unmanaged<EventInbox>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func copy(_ message: mosquitto_message, _ properties: OpaquePointer?) -> ReceivedMessage {
        let topic = message.topic.map { text in
            [UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text)))
        }
        let payload = [UInt8](
            UnsafeRawBufferPointer(start: message.payload, count: Int(max(message.payloadlen, 0))))
        return ReceivedMessage(
            topic: topic ?? [], payload: payload, qos: QoS(rawValue: UInt8(clamping: message.qos)) ?? .atMostOnce,
            retain: message.retain, properties: PropertyListReader.publishProperties(properties))
    }
}

/// The library's global state: set up once, kept until the process ends.
enum MosquittoLibrary {
    private static let isInitialized: Bool = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

    static func initialize() {
        precondition(isInitialized, "libmosquitto can't be initialized")
    }
}
