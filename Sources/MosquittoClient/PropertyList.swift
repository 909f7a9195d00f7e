import CMosquitto
import Glibc
import Messages

/// Owns a property list of libmosquitto.
///
/// Strings and names must not hold U+0000; `PublishProperties` and the command line see to that. A failing `add` can
/// only mean that memory ran out or a string is too long: it is reported by `isComplete`.
struct PropertyList: ~Copyable {
    private(set) var head: OpaquePointer?
    private(set) var isComplete = true

    init() {}

    deinit {
        var list = head
        mosquitto_property_free_all(&list)
    }

    mutating func add(byte value: UInt8, _ identifier: Int32) {
        note(mosquitto_property_add_byte(&head, identifier, value))
    }

    mutating func add(integer32 value: UInt32, _ identifier: Int32) {
        note(mosquitto_property_add_int32(&head, identifier, value))
    }

    mutating func add(string value: String, _ identifier: Int32) {
        note(mosquitto_property_add_string(&head, identifier, value))
    }

    mutating func add(binary value: [UInt8], _ identifier: Int32) {
        guard let count = UInt16(exactly: value.count) else {
            isComplete = false
            return
        }
        note(mosquitto_property_add_binary(&head, identifier, value, count))
    }

    mutating func add(user property: PublishProperties.UserProperty) {
        note(
            mosquitto_property_add_string_pair(
                &head, Int32(MQTT_PROP_USER_PROPERTY.rawValue), property.name, property.value))
    }

    mutating func add(_ properties: PublishProperties) {
        if let isText = properties.payloadIsText {
            add(byte: isText ? 1 : 0, Int32(MQTT_PROP_PAYLOAD_FORMAT_INDICATOR.rawValue))
        }
        if let seconds = properties.expirySeconds {
            add(integer32: seconds, Int32(MQTT_PROP_MESSAGE_EXPIRY_INTERVAL.rawValue))
        }
        if let type = properties.contentType { add(string: type, Int32(MQTT_PROP_CONTENT_TYPE.rawValue)) }
        if let topic = properties.responseTopic { add(string: topic, Int32(MQTT_PROP_RESPONSE_TOPIC.rawValue)) }
        if let data = properties.correlationData { add(binary: data, Int32(MQTT_PROP_CORRELATION_DATA.rawValue)) }
        for property in properties.user { add(user: property) }
    }

    private mutating func note(_ result: Int32) {
        if result != MOSQ_ERR_SUCCESS.rawValue { isComplete = false }
    }
}

/// Reads a list that libmosquitto owns, inside one of its callbacks.
enum PropertyListReader {
    static func publishProperties(_ list: OpaquePointer?) -> PublishProperties {
        var result = PublishProperties()
        guard list != nil else { return result }
        result.payloadIsText = byte(list, MQTT_PROP_PAYLOAD_FORMAT_INDICATOR).map { $0 == 1 }
        result.expirySeconds = integer32(list, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL)
        result.contentType = string(list, MQTT_PROP_CONTENT_TYPE)
        result.responseTopic = string(list, MQTT_PROP_RESPONSE_TOPIC)
        result.correlationData = binary(list, MQTT_PROP_CORRELATION_DATA)
        result.user = userProperties(list)
        return result
    }

    static func serverLimits(_ list: OpaquePointer?) -> ServerLimits {
        var limits = ServerLimits()
        guard list != nil else { return limits }
        // A Receive Maximum or Maximum Packet Size of 0 is a protocol error [MQTT 5, 3.2.2.3.3 and 3.2.2.3.6].
        if let value = integer16(list, MQTT_PROP_RECEIVE_MAXIMUM), value > 0 { limits.receiveMaximum = Int(value) }
        if let value = integer32(list, MQTT_PROP_MAXIMUM_PACKET_SIZE), value > 0 {
            limits.packetBytesMax = Int(value)
        }
        if let value = byte(list, MQTT_PROP_MAXIMUM_QOS) { limits.qosMax = value == 0 ? .atMostOnce : .atLeastOnce }
        if let value = byte(list, MQTT_PROP_RETAIN_AVAILABLE) { limits.retainAvailable = value != 0 }
        limits.keepAliveSeconds = integer16(list, MQTT_PROP_SERVER_KEEP_ALIVE).map(Int.init)
        limits.topicAliasMaximum = integer16(list, MQTT_PROP_TOPIC_ALIAS_MAXIMUM).map(Int.init) ?? 0
        limits.sessionExpirySeconds = integer32(list, MQTT_PROP_SESSION_EXPIRY_INTERVAL)
        limits.assignedClientID = string(list, MQTT_PROP_ASSIGNED_CLIENT_IDENTIFIER)
        return limits
    }

    private static func byte(_ list: OpaquePointer?, _ identifier: mqtt5_property) -> UInt8? {
        var value: UInt8 = 0
        return mosquitto_property_read_byte(list, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    private static func integer16(_ list: OpaquePointer?, _ identifier: mqtt5_property) -> UInt16? {
        var value: UInt16 = 0
        return mosquitto_property_read_int16(list, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    private static func integer32(_ list: OpaquePointer?, _ identifier: mqtt5_property) -> UInt32? {
        var value: UInt32 = 0
        return mosquitto_property_read_int32(list, Int32(identifier.rawValue), &value, false) == nil ? nil : value
    }

    private static func string(_ list: OpaquePointer?, _ identifier: mqtt5_property) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        guard mosquitto_property_read_string(list, Int32(identifier.rawValue), &value, false) != nil else {
            return nil
        }
        return take(value)
    }

    private static func binary(_ list: OpaquePointer?, _ identifier: mqtt5_property) -> [UInt8]? {
        var value: UnsafeMutableRawPointer?
        var count: UInt16 = 0
        guard mosquitto_property_read_binary(list, Int32(identifier.rawValue), &value, &count, false) != nil else {
            return nil
        }
        defer { free(value) }
        return [UInt8](UnsafeRawBufferPointer(start: value, count: Int(count)))
    }

    private static func userProperties(_ list: OpaquePointer?) -> [PublishProperties.UserProperty] {
        var result: [PublishProperties.UserProperty] = []
        var name: UnsafeMutablePointer<CChar>?
        var value: UnsafeMutablePointer<CChar>?
        let identifier = Int32(MQTT_PROP_USER_PROPERTY.rawValue)
        var entry = mosquitto_property_read_string_pair(list, identifier, &name, &value, false)
        while entry != nil, result.count < PublishProperties.userPropertyCountMax {
            result.append(PublishProperties.UserProperty(take(name) ?? "", take(value) ?? ""))
            name = nil
            value = nil
            entry = mosquitto_property_read_string_pair(entry, identifier, &name, &value, true)
        }
        free(name)
        free(value)
        return result
    }

    /// The library hands out copies that the caller frees.
    private static func take(_ text: UnsafeMutablePointer<CChar>?) -> String? {
        guard let text else { return nil }
        defer { free(text) }
        return String(cString: text)
    }
}
