/// One property as it was read. `number` for the numeric forms; `first` for text and binary data and the name of a user
/// property, `second` for its value: offsets into the bytes given to the decoder.
struct Property {
    let identifier: PropertyIdentifier
    var number: UInt32 = 0
    var first: Range<Int> = 0..<0
    var second: Range<Int> = 0..<0
}

/// Reads the properties of one packet and holds each to `PropertyIdentifier.rule`.
struct PropertyReader {
    private(set) var bytes: ByteReader
    /// The one kind of packet (or the will) that they stand in.
    private let packets: PacketKinds
    /// Bit n: the property with identifier n was there. All identifiers are below 64.
    private var seen: UInt64 = 0

    init(_ bytes: ByteReader, in packets: PacketKinds) {
        self.bytes = bytes
        self.packets = packets
    }

    /// The range of everything that is still to be read.
    var rest: Range<Int> { unsafe Range(uncheckedBounds: (bytes.offset, bytes.end)) }

    mutating func next() throws(WireError) -> Property? {
        if bytes.isAtEnd { return nil }
        // Identifiers are variable byte integers, but all below 128; a longer one is unknown, or overlong, thus
        // malformed.
        guard let identifier = PropertyIdentifier(rawValue: try bytes.readUInt8()) else {
            throw .malformedPacket(.property)
        }
        let rule = identifier.rule
        guard !rule.packets.isDisjoint(with: packets) else { throw .malformedPacket(.property) }
        let bit: UInt64 = 1 &<< UInt64(identifier.rawValue)
        if seen & bit != 0, rule.repeatable.isDisjoint(with: packets) { throw .protocolError(.propertyTwice) }
        seen |= bit
        var property = Property(identifier: identifier)
        switch rule.form {
        case .bit:
            property.number = UInt32(try bytes.readUInt8())
            guard property.number < 2 else { throw .protocolError(.propertyValue) }
        case .twoBytes: property.number = UInt32(try bytes.readUInt16())
        case .twoBytesNotZero: property.number = try notZero(UInt32(try bytes.readUInt16()), identifier)
        case .fourBytes: property.number = try bytes.readUInt32()
        case .fourBytesNotZero: property.number = try notZero(try bytes.readUInt32(), identifier)
        case .variableNotZero: property.number = try notZero(try bytes.readVariableByteInteger(), identifier)
        case .text: property.first = try bytes.readText()
        case .binary: property.first = try bytes.readBinary()
        case .textPair:
            property.first = try bytes.readText()
            property.second = try bytes.readText()
        }
        return property
    }

    private func notZero(_ number: UInt32, _ identifier: PropertyIdentifier) throws(WireError) -> UInt32 {
        if number == 0 {
            throw identifier == .topicAlias ? .topicAliasInvalid : .protocolError(.propertyValue)
        }
        return number
    }

    /// Reads all of them for their rules alone.
    mutating func validate() throws(WireError) {
        while try next() != nil {}
    }

    func array(_ range: Range<Int>) -> [UInt8] { bytes.array(range) }

    func part(_ range: Range<Int>) -> UnsafeRawBufferPointer { unsafe bytes.part(range) }

    /// Appends a user property to those of its packet, within the limit.
    func append(_ property: Property, to list: inout [UserProperty], limits: WireLimits) throws(WireError) {
        guard list.count < limits.userPropertiesMax else { throw .limitExceeded(.userProperties) }
        list.append(UserProperty(name: array(property.first), value: array(property.second)))
    }
}
