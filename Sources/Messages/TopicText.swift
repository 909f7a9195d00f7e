/// Names and filters of topics as bytes (MQTT 5.0, 4.7): valid UTF-8, levels separated by `/`.
/// They stay bytes on the way of a message; text is made only for logs and diagnostics.
package enum TopicText {
    /// The greatest number of bytes of a topic name or filter [MQTT-4.7.3-3].
    package static let byteCountMax = 65_535
    /// Levels beyond this are refused: a tree of sessions must not be deep because a peer wants it to be.
    package static let levelCountMax = 128

    /// Whether `bytes` may be the topic of a PUBLISH: not empty, no wildcard, no NUL, at most `levelCountMax` levels.
    /// The caller has checked that it is UTF-8. [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]
    package static func isName(_ bytes: some Sequence<UInt8>) -> Bool {
        var count = 0
        var levels = 1
        for byte in bytes {
            switch byte {
            case 0, UInt8(ascii: "+"), UInt8(ascii: "#"): return false
            case UInt8(ascii: "/"): levels += 1
            default: break
            }
            count += 1
        }
        return count > 0 && count <= byteCountMax && levels <= levelCountMax
    }

    /// Whether `bytes` may be a topic filter: `#` only as the last level, `+` only as a whole level.
    /// [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1]
    package static func isFilter(_ bytes: some Collection<UInt8>) -> Bool {
        guard !bytes.isEmpty, bytes.count <= byteCountMax else { return false }
        var levels = 1
        var levelByteCount = 0
        var sawHash = false
        var sawPlus = false
        for byte in bytes {
            if sawHash { return false }
            switch byte {
            case 0:
                return false
            case UInt8(ascii: "/"):
                levels += 1
                levelByteCount = 0
                sawPlus = false
            case UInt8(ascii: "#"):
                if levelByteCount > 0 { return false }
                sawHash = true
            case UInt8(ascii: "+"):
                if levelByteCount > 0 { return false }
                sawPlus = true
                levelByteCount += 1
            default:
                if sawPlus { return false }
                levelByteCount += 1
            }
        }
        return levels <= levelCountMax
    }

    /// Whether topic name `name` matches filter `filter` (MQTT 5.0, 4.7.1), with the rule that a wildcard in the first
    /// level does not match a name that begins with `$` [MQTT-4.7.2-1]. Both are assumed well formed.
    package static func matches(name: some Collection<UInt8>, filter: some Collection<UInt8>) -> Bool {
        let separator = UInt8(ascii: "/")
        var names = name.split(separator: separator, omittingEmptySubsequences: false).makeIterator()
        var first = true
        for level in filter.split(separator: separator, omittingEmptySubsequences: false) {
            let isHash = level.count == 1 && level.first == UInt8(ascii: "#")
            guard let nameLevel = names.next() else { return isHash }
            let isWild = isHash || (level.count == 1 && level.first == UInt8(ascii: "+"))
            if first, isWild, nameLevel.first == UInt8(ascii: "$") { return false }
            first = false
            if isHash { return true }
            if !isWild, !level.elementsEqual(nameLevel) { return false }
        }
        return names.next() == nil
    }
}
