/// Properties that travel with a message in MQTT 5 (3.3.2.3).
package struct PublishProperties: Sendable, Equatable {
    package struct UserProperty: Sendable, Equatable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var payloadIsText: Bool?
    package var expirySeconds: UInt32?
    package var contentType: String?
    package var responseTopic: String?
    package var correlationData: [UInt8]?
    package var user: [UserProperty] = []

    package init(user: [UserProperty] = []) { self.user = user }

    package var isEmpty: Bool {
        payloadIsText == nil && expirySeconds == nil && contentType == nil && responseTopic == nil
            && correlationData == nil && user.isEmpty
    }

    /// Most user properties that one message may bring; a packet with more is not read further.
    package static let userPropertyCountMax = 1_000

    /// Reads properties encoded as in a PUBLISH, without the length in front. nil: they are malformed or belong to
    /// another packet.
    package init?(encoded bytes: [UInt8]) {
        var reader = PropertyReader(bytes)
        while let identifier = reader.byte() {
            switch identifier {
            case 0x01:
                guard let value = reader.byte(), value <= 1 else { return nil }
                payloadIsText = value == 1
            case 0x02:
                guard let value = reader.integer32() else { return nil }
                expirySeconds = value
            case 0x03:
                guard let value = reader.string() else { return nil }
                contentType = value
            case 0x08:
                guard let value = reader.string() else { return nil }
                responseTopic = value
            case 0x09:
                guard let value = reader.binary() else { return nil }
                correlationData = value
            case 0x26:
                guard let name = reader.string(), let value = reader.string() else { return nil }
                guard user.count < Self.userPropertyCountMax else { return nil }
                user.append(UserProperty(name, value))
            default:
                return nil
            }
        }
    }

    /// Bytes that they take in a PUBLISH, without the length in front.
    package var encodedByteCount: Int {
        var count = 0
        if payloadIsText != nil { count += 2 }
        if expirySeconds != nil { count += 5 }
        if let contentType { count += 3 + contentType.utf8.count }
        if let responseTopic { count += 3 + responseTopic.utf8.count }
        if let correlationData { count += 3 + correlationData.count }
        for property in user { count += 5 + property.name.utf8.count + property.value.utf8.count }
        return count
    }
}

/// Reads property values one after another; nil where the bytes end too early or a string is none.
private struct PropertyReader {
    private let bytes: [UInt8]
    private var position = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func integer16() -> Int? {
        guard let high = byte(), let low = byte() else { return nil }
        return Int(high) << 8 | Int(low)
    }

    mutating func integer32() -> UInt32? {
        guard let high = integer16(), let low = integer16() else { return nil }
        return UInt32(high) << 16 | UInt32(low)
    }

    mutating func binary() -> [UInt8]? {
        guard let count = integer16(), count <= bytes.count - position else { return nil }
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// U+0000 is forbidden in every string of MQTT [MQTT-1.5.4-2], and libmosquitto would cut the string there.
    mutating func string() -> String? {
        guard let value = binary(), !value.contains(0) else { return nil }
        return String(validating: value, as: UTF8.self)
    }
}
