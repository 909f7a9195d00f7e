/// Whom a rule is for: everybody, one name, or the names that a glob matches.
struct IdentityPattern: Sendable {
    /// The bytes between the stars: one piece is an exact name.
    private let pieces: [[UInt8]]
    private let isForEverybody: Bool

    init(_ text: String) throws(IdentityPatternFlaw) {
        guard !text.isEmpty else { throw IdentityPatternFlaw(reason: "`identity` is empty: write \"*\" for everybody") }
        guard text.utf8.count <= AccessRule.Limit.identityByteCount else {
            throw IdentityPatternFlaw(reason: "`identity` is longer than \(AccessRule.Limit.identityByteCount) bytes")
        }
        pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
        guard pieces.count - 1 <= AccessRule.Limit.starCount else {
            throw IdentityPatternFlaw(reason: "`identity` has more than \(AccessRule.Limit.starCount) `*`")
        }
        isForEverybody = text == "*"
        if !isForEverybody, let flaw = ClientName.flaw(in: text) {
            throw IdentityPatternFlaw(reason: "no client can have `identity` \"\(text)\": \(flaw)")
        }
    }

    /// `name`: the bytes of the proved name; nil: none was proved.
    func matches(_ name: [UInt8]?) -> Bool {
        if isForEverybody { return true }
        guard let name, let head = pieces.first, let tail = pieces.last else { return false }
        guard pieces.count > 1 else { return name == head }
        guard name.count >= head.count + tail.count, name.starts(with: head), name.suffix(tail.count) == tail[...]
        else { return false }
        // Leftmost fit of each middle piece is enough: what is left over belongs to the next star.
        var rest = name[head.count..<(name.count - tail.count)]
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let end = endOfFirst(piece, in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    private func endOfFirst(_ piece: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        var start = bytes.startIndex
        while bytes.endIndex - start >= piece.count {
            if bytes[start...].starts(with: piece) { return start + piece.count }
            start += 1
        }
        return nil
    }
}

struct IdentityPatternFlaw: Error {
    let reason: String
}
