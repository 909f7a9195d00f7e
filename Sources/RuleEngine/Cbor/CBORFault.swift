/// Why a payload is not CBOR (RFC 8949), and where.
struct CBORFault: Error {
    enum Reason {
        case unexpectedEnd, trailingBytes, depth, invalidUTF8, reservedHead, unexpectedBreak, badChunk, badSimple
        case oddMembers, numberRange

        var text: StaticString {
            switch self {
            case .unexpectedEnd: "the payload ends in the middle of a value"
            case .trailingBytes: "bytes after the value"
            case .depth: "nested deeper than 64"
            case .invalidUTF8: "invalid UTF-8"
            case .reservedHead: "not CBOR: a reserved kind of item"
            case .unexpectedBreak: "not CBOR: an end without a beginning"
            case .badChunk: "not CBOR: a part of another kind in a string"
            case .badSimple: "not CBOR: a simple value in two bytes that belongs into one"
            case .oddMembers: "not CBOR: a key without a value"
            case .numberRange: "a number that no double can hold"
            }
        }
    }
    var reason: Reason
    var offset: Int
}

/// The first bytes of a data item: its kind and its number (a value, a length, a count or a tag).
struct CBORHead: BitwiseCopyable {
    enum Kind: UInt8 { case unsigned, negative, bytes, text, array, map, tag, simple }

    /// The additional information of a break, and of what has no length in front.
    static let indefinite: UInt8 = 31

    var kind: Kind
    /// 0 to 27 or 31: how the number is written.
    var information: UInt8
    var number: UInt64

    var isBreak: Bool { kind == .simple && information == CBORHead.indefinite }
    /// Parts follow until a break.
    var isOpen: Bool { kind != .simple && information == CBORHead.indefinite }

    /// Reads the head at `index` and moves behind it.
    static func read(_ bytes: ByteSlice, _ index: inout Int) throws(CBORFault) -> CBORHead {
        guard index < bytes.count else { throw CBORFault(reason: .unexpectedEnd, offset: bytes.count) }
        let start = index
        let first = bytes[index]
        index += 1
        guard let kind = Kind(rawValue: first >> 5) else { throw CBORFault(reason: .reservedHead, offset: start) }
        let information = first & 31
        switch information {
        case 0..<24: return CBORHead(kind: kind, information: information, number: UInt64(information))
        case 24...27:
            let width = 1 << Int(information - 24)
            guard bytes.count - index >= width else { throw CBORFault(reason: .unexpectedEnd, offset: bytes.count) }
            var number: UInt64 = 0
            for _ in 0..<width {
                number = number << 8 | UInt64(bytes[index])
                index += 1
            }
            return CBORHead(kind: kind, information: information, number: number)
        case indefinite:
            switch kind {
            case .bytes, .text, .array, .map, .simple: return CBORHead(kind: kind, information: information, number: 0)
            case .unsigned, .negative, .tag: throw CBORFault(reason: .reservedHead, offset: start)
            }
        default: throw CBORFault(reason: .reservedHead, offset: start)
        }
    }
}
