/// Access to the properties of a PUBLISH as encoded bytes (without the length in front), such as
/// `PublishHeader.properties` points at and `Message.properties` holds. The decoder has checked them; bytes that are
/// not well formed read as if they ended there. Ranges are offsets into the bytes given.
package enum PublishProperties {
    /// Calls nothing and allocates nothing: `while let property = iterator.next()`.
    package struct UserProperties {
        private var reader: PropertyReader

        package init(_ raw: UnsafeRawBufferPointer) { reader = unsafe PublishProperties.reader(raw) }

        package mutating func next() -> (name: Range<Int>, value: Range<Int>)? {
            while let property = PublishProperties.step(&reader) {
                if property.identifier == .userProperty { return (property.first, property.second) }
            }
            return nil
        }
    }

    /// The value of the first user property with this name.
    package static func userProperty(
        named name: UnsafeRawBufferPointer, in raw: UnsafeRawBufferPointer
    ) -> Range<Int>? {
        var properties = unsafe UserProperties(raw)
        while let property = properties.next() {
            if unsafe raw[property.name].elementsEqual(name) { return property.value }
        }
        return nil
    }

    package static func userProperty(named name: [UInt8], in raw: UnsafeRawBufferPointer) -> Range<Int>? {
        var properties = unsafe UserProperties(raw)
        while let property = properties.next() {
            if unsafe raw[property.name].elementsEqual(name) { return property.value }
        }
        return nil
    }

    package static func contentType(in raw: UnsafeRawBufferPointer) -> Range<Int>? {
        unsafe first(.contentType, in: raw)?.first
    }

    package static func responseTopic(in raw: UnsafeRawBufferPointer) -> Range<Int>? {
        unsafe first(.responseTopic, in: raw)?.first
    }

    package static func correlationData(in raw: UnsafeRawBufferPointer) -> Range<Int>? {
        unsafe first(.correlationData, in: raw)?.first
    }

    /// Payload Format Indicator 1.
    package static func payloadIsUTF8(in raw: UnsafeRawBufferPointer) -> Bool {
        unsafe first(.payloadFormatIndicator, in: raw)?.number == 1
    }

    /// The identifiers that a server put into a PUBLISH.
    package static func subscriptionIdentifiers(in raw: UnsafeRawBufferPointer) -> [UInt32] {
        var identifiers: [UInt32] = []
        var reader = unsafe reader(raw)
        while let property = step(&reader) {
            if property.identifier == .subscriptionIdentifier { identifiers.append(property.number) }
        }
        return identifiers
    }

    /// What travels on with the message: everything but topic alias, message expiry, subscription identifiers (and the
    /// will delay). nil: that is all of it, `raw` can be used as it is.
    package static func forwardable(
        _ raw: UnsafeRawBufferPointer, flags: PublishHeader.PropertyFlags
    ) -> [UInt8]? {
        flags.isDisjoint(with: .hopByHop) ? nil : unsafe forwardable(raw)
    }

    static func forwardable(_ raw: UnsafeRawBufferPointer) -> [UInt8] {
        var kept: [UInt8] = []
        kept.reserveCapacity(raw.count)
        var reader = unsafe reader(raw)
        var start = 0
        while let property = step(&reader) {
            let end = reader.rest.lowerBound
            switch property.identifier {
            case .topicAlias, .messageExpiryInterval, .subscriptionIdentifier, .willDelayInterval: break
            default: unsafe kept.append(contentsOf: raw[start..<end])
            }
            start = end
        }
        return kept
    }

    private static func first(_ identifier: PropertyIdentifier, in raw: UnsafeRawBufferPointer) -> Property? {
        var reader = unsafe reader(raw)
        while let property = step(&reader) {
            if property.identifier == identifier { return property }
        }
        return nil
    }

    private static func reader(_ raw: UnsafeRawBufferPointer) -> PropertyReader {
        PropertyReader(unsafe ByteReader(raw, from: 0, to: raw.count), in: [.publish, .will])
    }

    private static func step(_ reader: inout PropertyReader) -> Property? {
        do throws(WireError) { return try reader.next() } catch { return nil }
    }
}
