import MQTTWire
import Messages
import Testing

/// Tables of the standard, typed in a second time as they are printed there, against the tables the decoder works by.
@Suite("Tables of the standard")
struct TableTests {
    /// 3.1.1 and 5.0, table 2-4: identifier, form, packets (C onnect, c onnack, P ublish, W ill, 1…4 acknowledgements
    /// PUBACK PUBREC PUBREL PUBCOMP, S ubscribe, s uback, U nsubscribe, u nsuback, D isconnect, A uth).
    private static let printed: [(UInt8, [PropertyForm], String)] = [
        (0x01, [.bit], "PW"), (0x02, [.fourBytes], "PW"), (0x03, [.text], "PW"), (0x08, [.text], "PW"),
        (0x09, [.binary], "PW"), (0x0B, [.variableNotZero], "PS"), (0x11, [.fourBytes], "CcD"), (0x12, [.text], "c"),
        (0x13, [.twoBytes], "c"), (0x15, [.text], "CcA"), (0x16, [.binary], "CcA"), (0x17, [.bit], "C"),
        (0x18, [.fourBytes], "W"), (0x19, [.bit], "C"), (0x1A, [.text], "c"), (0x1C, [.text], "cD"),
        (0x1F, [.text], "c1234suDA"), (0x21, [.twoBytesNotZero], "Cc"), (0x22, [.twoBytes], "Cc"),
        (0x23, [.twoBytesNotZero], "P"), (0x24, [.bit], "c"), (0x25, [.bit], "c"),
        (0x26, [.textPair], "CcPW1234SsUuDA"),
        (0x27, [.fourBytesNotZero], "Cc"), (0x28, [.bit], "c"), (0x29, [.bit], "c"), (0x2A, [.bit], "c"),
    ]

    private static let letters: [Character: PacketKinds] = [
        "C": .connect, "c": .connack, "P": .publish, "W": .will, "1": .puback, "2": .pubrec, "3": .pubrel,
        "4": .pubcomp,
        "S": .subscribe, "s": .suback, "U": .unsubscribe, "u": .unsuback, "D": .disconnect, "A": .auth,
    ]

    private static func kinds(_ text: String) -> PacketKinds {
        text.reduce(into: PacketKinds()) { $0.formUnion(letters[$1] ?? []) }
    }

    @Test("2-4: type of each property and the packets that may carry it")
    func properties() {
        #expect(PropertyIdentifier.allCases.count == Self.printed.count)
        for (identifier, forms, packets) in Self.printed {
            let rule = PropertyIdentifier(rawValue: identifier)?.rule
            #expect(rule?.form == forms.first, "\(identifier)")
            #expect(rule?.packets == Self.kinds(packets), "\(identifier)")
            let repeatable: PacketKinds =
                identifier == 0x26 ? Self.kinds(packets) : identifier == 0x0B ? .publish : []
            #expect(rule?.repeatable == repeatable, "\(identifier)")
        }
    }

    /// 5.0, table 2-6, with the letters from above.
    private static let reasons: [(UInt8, String)] = [
        (0x00, "c1234suDA"), (0x01, "s"), (0x02, "s"), (0x04, "D"), (0x10, "12"), (0x11, "u"), (0x18, "A"), (0x19, "A"),
        (0x80, "c12suD"), (0x81, "cD"), (0x82, "cD"), (0x83, "c12suD"), (0x84, "c"), (0x85, "c"), (0x86, "c"),
        (0x87, "c12suD"), (0x88, "c"), (0x89, "cD"), (0x8A, "c"), (0x8B, "D"), (0x8C, "cD"), (0x8D, "D"), (0x8E, "D"),
        (0x8F, "suD"), (0x90, "c12D"), (0x91, "12su"), (0x92, "34"), (0x93, "D"), (0x94, "D"), (0x95, "cD"),
        (0x96, "D"),
        (0x97, "c12sD"), (0x98, "D"), (0x99, "c12D"), (0x9A, "cD"), (0x9B, "cD"), (0x9C, "cD"), (0x9D, "cD"),
        (0x9E, "sD"), (0x9F, "cD"), (0xA0, "D"), (0xA1, "sD"), (0xA2, "sD"),
    ]

    @Test("2-6: reason codes and the packets that may carry them")
    func reasonCodes() {
        #expect(ReasonCode.allCases.count == Self.reasons.count)
        for (code, packets) in Self.reasons {
            let reason = ReasonCode(rawValue: code)
            #expect(reason?.packets == Self.kinds(packets), "\(code)")
            #expect(reason?.isFailure == (code >= 0x80), "\(code)")
        }
    }

    private static let values: [UInt8: [UInt8]] = [
        0x01: [1], 0x02: [0, 0, 0, 1], 0x03: field("t"), 0x08: field("t"), 0x09: field("b"), 0x0B: [1],
        0x11: [0, 0, 0, 1], 0x12: field("t"), 0x13: [0, 1], 0x15: field("t"), 0x16: field("b"), 0x17: [1],
        0x18: [0, 0, 0, 1], 0x19: [1], 0x1A: field("t"), 0x1C: field("t"), 0x1F: field("t"), 0x21: [0, 1],
        0x22: [0, 1], 0x23: [0, 1], 0x24: [1], 0x25: [1], 0x26: field("n") + field("v"), 0x27: [0, 0, 0, 1], 0x28: [1],
        0x29: [1], 0x2A: [1],
    ]

    /// A packet of the kind that carries `content` as its properties, and who decodes it.
    private static func carrier(
        _ letter: Character, _ content: [UInt8]
    ) -> (bytes: [UInt8], role: PacketDecoder.Role, version: ProtocolVersion?) {
        let block = MQTTWireTests.properties(content)
        switch letter {
        case "C": return (frame(0x10, connectStart(5, flags: 2), block, field("c")), .server, nil)
        case "W":
            let body = connectStart(5, flags: 6) + [0] + field("c") + block + field("t") + field("")
            return (frame(0x10, body), .server, nil)
        case "c": return (frame(0x20, [0, 0], block), .client, .v5)
        case "P": return (frame(0x30, field("a"), block), .client, .v5)
        case "1": return (frame(0x40, [0, 1, 0], block), .server, .v5)
        case "2": return (frame(0x50, [0, 1, 0], block), .server, .v5)
        case "3": return (frame(0x62, [0, 1, 0], block), .server, .v5)
        case "4": return (frame(0x70, [0, 1, 0], block), .server, .v5)
        case "S": return (frame(0x82, [0, 1], block, field("a"), [0]), .server, .v5)
        case "s": return (frame(0x90, [0, 1], block, [0]), .client, .v5)
        case "U": return (frame(0xA2, [0, 1], block, field("a")), .server, .v5)
        case "u": return (frame(0xB0, [0, 1], block, [0]), .client, .v5)
        case "D": return (frame(0xE0, [0], block), .server, .v5)
        default: return (frame(0xF0, [0], block), .server, .v5)
        }
    }

    @Test("2.2.2.2: each property in each packet is taken, or refused as malformed", arguments: printed.map(\.0))
    func propertyInPacket(_ identifier: UInt8) throws {
        let packets = try #require(Self.printed.first { $0.0 == identifier }).2
        let property = [identifier] + (try #require(Self.values[identifier]))
        for letter in Self.letters.keys {
            // The method belongs to its data, and to AUTH.
            let needsMethod = identifier == 0x16 || (letter == "A" && identifier != 0x15)
            let content = (needsMethod && "CcA".contains(letter) ? [0x15] + field("m") : []) + property
            let carrier = Self.carrier(letter, content)
            let refused = refusal(carrier.bytes, role: carrier.role, version: carrier.version)
            if packets.contains(letter) {
                #expect(refused == nil, "in \(letter)")
            } else {
                #expect(refused == .malformedPacket(.property), "in \(letter)")
            }
        }
    }

    @Test("2.2.2.2: each property twice is a protocol error unless it may be repeated", arguments: printed.map(\.0))
    func propertyTwice(_ identifier: UInt8) throws {
        let packets = try #require(Self.printed.first { $0.0 == identifier }).2
        let property = [identifier] + (try #require(Self.values[identifier]))
        for letter in packets {
            let method: [UInt8] = letter == "A" && identifier != 0x15 || identifier == 0x16 ? [0x15] + field("m") : []
            let carrier = Self.carrier(letter, method + property + property)
            let refused = refusal(carrier.bytes, role: carrier.role, version: carrier.version)
            let repeatable = identifier == 0x26 || (identifier == 0x0B && letter == "P")
            #expect(refused == (repeatable ? nil : .protocolError(.propertyTwice)), "in \(letter)")
        }
    }

    @Test("2.2.2: each property cut short is malformed", arguments: printed.map(\.0))
    func propertyCut(_ identifier: UInt8) throws {
        let packets = try #require(Self.printed.first { $0.0 == identifier }).2
        let value = try #require(Self.values[identifier])
        for letter in packets {
            for count in 0..<value.count {
                let carrier = Self.carrier(letter, [identifier] + value.prefix(count))
                #expect(
                    refusal(carrier.bytes, role: carrier.role, version: carrier.version)
                        == .malformedPacket(.truncated), "in \(letter), \(count) bytes")
            }
        }
    }
}
