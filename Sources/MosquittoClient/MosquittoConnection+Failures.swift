import CMosquitto
import Glibc
import Messages

/// From the library's result codes to errors that say what, where and what to do.
extension MosquittoConnection {
    enum Doing {
        case connecting
        case running
        case publishing([UInt8])
        case subscribing(String)
    }

    func check(_ result: Int32, systemError: Int32) throws(MosquittoError) {
        guard result != MOSQ_ERR_SUCCESS.rawValue else { return }
        // The reason the server gave, if any, says more than the library's code for it.
        for event in inbox.events.reversed() {
            switch event {
            case .refused(let reason): throw refused(reason)
            case .disconnectedByServer(let reason): throw disconnected(reason)
            default: continue
            }
        }
        throw failure(result, systemError: systemError, doing: .running)
    }

    private func refused(_ reason: UInt8) -> MosquittoError {
        MosquittoError(.refused(reason), "\(options.place) refused the connection: \(ReasonCode.text(reason))")
    }

    private func disconnected(_ reason: UInt8) -> MosquittoError {
        MosquittoError(
            .disconnectedByServer(reason), "\(options.place) ended the connection: \(ReasonCode.text(reason))")
    }

    func ended(_ code: MosquittoError.Code) -> MosquittoError {
        for event in inbox.events.reversed() {
            if case .disconnectedByServer(let reason) = event { return disconnected(reason) }
        }
        if options.tls != nil, !isConnected, let text = inbox.tlsTrouble { return tlsFailure(text) }
        guard !isConnected else { return MosquittoError(code, "\(options.place) closed the connection") }
        // In TLS 1.3 the client is done before the server looks at its certificate, and the alert that says what is
        // wrong gets lost when the server resets the connection; so the likeliest reason is named.
        let advice: String =
            switch options.tls {
            case nil: "check that it speaks MQTT without TLS there"
            case let tls? where tls.certificateFile == nil: "it may want a client certificate, and none was given"
            case .some: "it may not accept this client's certificate"
            }
        return MosquittoError(code, "\(options.place) closed the connection before it accepted it; \(advice)")
    }

    private var tlsHint: String { options.tls == nil ? "; check the port, and whether it expects TLS" : "" }

    func unreachable(_ systemError: Int32) -> MosquittoError {
        // Who resets a connection was reached: `connect` alone may bring the whole TLS handshake to its end.
        if systemError == ECONNRESET || systemError == EPIPE { return ended(.lost) }
        let reason = String(cString: strerror(systemError))
        let code: MosquittoError.Code = systemError == ETIMEDOUT ? .timedOut : .unreachable(errno: systemError)
        return MosquittoError(
            code,
            "Can't reach \(options.place): \(reason); check that the broker runs there and the network lets it through")
    }

    private func tlsFailure(_ text: String) -> MosquittoError {
        MosquittoError(.tls, "TLS with \(options.place) failed: \(text)")
    }

    func failure(_ result: Int32, systemError: Int32, doing: Doing) -> MosquittoError {
        switch mosq_err_t(rawValue: result) {
        case MOSQ_ERR_TLS, MOSQ_ERR_TLS_HANDSHAKE, MOSQ_ERR_OCSP:
            return tlsFailure(inbox.tlsTrouble ?? "the handshake broke off; check certificates and clocks")
        case MOSQ_ERR_EAI, MOSQ_ERR_LOOKUP:
            return MosquittoError(
                .nameNotFound, "The name \(options.host) can't be resolved; check its spelling and the name server")
        case MOSQ_ERR_ERRNO where !isConnected && inbox.tlsTrouble != nil:
            return tlsFailure(inbox.tlsTrouble ?? "")
        case MOSQ_ERR_ERRNO where systemError != 0 && systemError != EPROTO && !isTCPEstablished:
            return unreachable(systemError)
        case MOSQ_ERR_ERRNO where systemError != 0 && systemError != EPROTO && isConnected:
            return lost(systemError)
        case MOSQ_ERR_CONN_LOST, MOSQ_ERR_NO_CONN, MOSQ_ERR_ERRNO:
            return ended(.lost)
        case MOSQ_ERR_KEEPALIVE:
            return MosquittoError(.keepAliveExpired, "\(options.place) did not answer a ping")
        case MOSQ_ERR_NOMEM:
            return MosquittoError(.outOfMemory, "No memory left for the connection to \(options.place)")
        case MOSQ_ERR_OVERSIZE_PACKET, MOSQ_ERR_PAYLOAD_SIZE:
            return MosquittoError(
                .packetTooLarge, "The message is larger than \(options.place) accepts; send less at once")
        case MOSQ_ERR_QOS_NOT_SUPPORTED:
            return MosquittoError(.qosNotSupported, "\(options.place) does not support this QoS; use a lower one")
        case MOSQ_ERR_RETAIN_NOT_SUPPORTED:
            return MosquittoError(
                .retainNotSupported, "\(options.place) keeps no retained messages; publish without retain")
        case MOSQ_ERR_PROTOCOL, MOSQ_ERR_MALFORMED_PACKET, MOSQ_ERR_DUPLICATE_PROPERTY, MOSQ_ERR_TOPIC_ALIAS_INVALID:
            return MosquittoError(
                .malformed, "\(options.place) sent something that is not MQTT \(versionText)\(tlsHint)")
        default:
            return unusable(result, doing)
        }
    }

    private func lost(_ systemError: Int32) -> MosquittoError {
        MosquittoError(.lost, "The connection to \(options.place) broke: \(String(cString: strerror(systemError)))")
    }

    private var versionText: String { options.version == .v5 ? "5" : "3.1.1" }

    private func unusable(_ result: Int32, _ doing: Doing) -> MosquittoError {
        let reason = String(cString: mosquitto_strerror(result))
        switch doing {
        case .publishing(let topic):
            let text = String(decoding: topic, as: UTF8.self)
            return MosquittoError(.usage, "Can't publish to '\(text)' (\(reason)); a topic is UTF-8 without + and #")
        case .subscribing(let filter):
            return MosquittoError(.usage, "Can't subscribe to '\(filter)' (\(reason)); check the filter's + and #")
        case .connecting, .running:
            return MosquittoError(.malformed, "The connection to \(options.place) failed: \(reason)")
        }
    }
}
