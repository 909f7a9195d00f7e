import Messages

/// A topic filter of a rule, cut where the proved name goes.
struct FilterTemplate: Sendable {
    static let placeholder = "{identity}"

    /// The bytes around the places for the name; one part: the filter is the same for every client.
    private let parts: [[UInt8]]

    var needsIdentity: Bool { parts.count > 1 }

    /// Bytes of the filter with the longest name put in.
    var expandedByteCountMax: Int {
        parts.reduce((parts.count - 1) * ClientName.byteCountMax) { $0 + $1.count }
    }

    /// `reason` says what is wrong with `text`, for the author of the configuration.
    init(_ text: String, forPublish: Bool) throws(FilterTemplateFlaw) {
        guard text.utf8.count <= AccessRule.Limit.filterByteCount else {
            throw FilterTemplateFlaw(reason: "filter is longer than \(AccessRule.Limit.filterByteCount) bytes")
        }
        parts = try Self.cut(text)
        guard parts.count - 1 <= AccessRule.Limit.placeholderCount else {
            throw FilterTemplateFlaw(
                reason: "\"\(text)\" has \(Self.placeholder) more than \(AccessRule.Limit.placeholderCount) times")
        }
        // A name is a part of one level and no wildcard, so what holds for "x" holds for every name.
        guard TopicText.isFilter(filled(with: [UInt8(ascii: "x")])) else {
            throw FilterTemplateFlaw(
                reason: "\"\(text)\" is not a topic filter: `+` and `#` stand for whole levels, `#` for the last ones")
        }
        if forPublish, text.utf8.first == UInt8(ascii: "$") {
            throw FilterTemplateFlaw(
                reason: "clients may never publish to \"\(text)\": topics that begin with `$` belong to the broker")
        }
        if text.hasPrefix("$share/") {
            throw FilterTemplateFlaw(
                reason: "\"\(text)\": write the filter without `$share/…/`; it holds for shared subscriptions too")
        }
    }

    /// The filter of a client with this proved name.
    func filled(with name: [UInt8]) -> [UInt8] {
        Array(parts.joined(separator: name))
    }

    private static func cut(_ text: String) throws(FilterTemplateFlaw) -> [[UInt8]] {
        var parts: [[UInt8]] = [[]]
        var rest = text[...]
        while let brace = rest.firstIndex(of: "{") {
            guard rest[brace...].hasPrefix(placeholder) else {
                throw FilterTemplateFlaw(
                    reason: "\"\(text)\" has a `{` that does not begin \(placeholder), "
                        + "the only thing that can be filled in")
            }
            parts[parts.count - 1].append(contentsOf: rest[..<brace].utf8)
            parts.append([])
            rest = rest[brace...].dropFirst(placeholder.count)
        }
        parts[parts.count - 1].append(contentsOf: rest.utf8)
        return parts
    }
}

struct FilterTemplateFlaw: Error {
    let reason: String
}
