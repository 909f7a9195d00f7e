/// What may be the proved name of a client.
///
/// The name takes the place of `{identity}` in topic filters, so it has to stay inside one level and must not be a
/// wildcard there: `/`, `+`, `#` and NUL are refused, and so is a `$` in front, which would reach the broker's own
/// topics.
/// Names are compared byte by byte: Unicode equivalence would make two certificates one client.
package enum ClientName {
    /// Greatest length in bytes.
    package static let byteCountMax = 256

    /// Why a name is refused.
    package enum Flaw: Error, Sendable, Hashable {
        case empty
        case tooLong(byteCount: Int)
        case controlCharacter
        case topicCharacter(Character)
        case leadingDollar
        /// U+FFFD stands where the certificate had bytes that are no UTF-8: different names would look the same.
        case notUnicode
    }

    /// The first flaw of `name`, or nil when it may be the name of a client.
    package static func flaw(in name: String) -> Flaw? {
        let byteCount = name.utf8.count
        if byteCount == 0 { return .empty }
        if byteCount > byteCountMax { return .tooLong(byteCount: byteCount) }
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\0", "/", "+", "#": return .topicCharacter(Character(scalar))
            case "\u{FFFD}": return .notUnicode
            case _ where isControl(scalar): return .controlCharacter
            default: break
            }
        }
        return name.utf8.first == UInt8(ascii: "$") ? .leadingDollar : nil
    }

    /// Controls, line separators, and the marks that reorder or hide text: a name is shown in logs and on terminals.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

extension ClientName.Flaw: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "the name is empty"
        case .tooLong(let byteCount): "the name has \(byteCount) bytes, more than \(ClientName.byteCountMax)"
        case .controlCharacter: "the name contains a control or invisible character"
        case .topicCharacter("\0"): "the name contains NUL"
        case .topicCharacter(let character): "the name contains \"\(character)\", which has a meaning in topics"
        case .notUnicode: "the name is not valid UTF-8"
        case .leadingDollar: "the name begins with \"$\", which is reserved for the broker's own topics"
        }
    }
}
