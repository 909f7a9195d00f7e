/// The properties of a message as values: what makes `Message.properties` for a message of our own, and shows those of
/// another. The bytes stay encoded on the way of a message; this is for its ends.
package struct PublishPropertyValues: Sendable, Equatable {
    package var payloadIsUTF8 = false
    /// Text.
    package var contentType: [UInt8]?
    /// A topic name.
    package var responseTopic: [UInt8]?
    package var correlationData: [UInt8]?
    package var userProperties: [UserProperty] = []

    package init() {}

    /// From encoded properties without the length in front; at most `userPropertiesMax` user properties are taken.
    package init(decoding raw: UnsafeRawBufferPointer, userPropertiesMax: Int = 128) {
        func bytes(_ range: Range<Int>?) -> [UInt8]? { range.map { unsafe [UInt8](raw[$0]) } }
        payloadIsUTF8 = unsafe PublishProperties.payloadIsUTF8(in: raw)
        contentType = bytes(unsafe PublishProperties.contentType(in: raw))
        responseTopic = bytes(unsafe PublishProperties.responseTopic(in: raw))
        correlationData = bytes(unsafe PublishProperties.correlationData(in: raw))
        var iterator = unsafe PublishProperties.UserProperties(raw)
        while userProperties.count < userPropertiesMax, let property = iterator.next() {
            userProperties.append(
                UserProperty(name: unsafe [UInt8](raw[property.name]), value: unsafe [UInt8](raw[property.value])))
        }
    }

    /// Without the length in front. Each field has at most 65,535 bytes.
    package func encoded() -> [UInt8] {
        var properties = PropertyWriter()
        properties.write(.payloadFormatIndicator, payloadIsUTF8, unless: false)
        properties.write(.contentType, contentType)
        properties.write(.responseTopic, responseTopic)
        properties.write(.correlationData, correlationData)
        properties.write(userProperties)
        return properties.bytes
    }
}
