/// Checks on text as MQTT defines it (5.0, 1.5.4): UTF-8 without surrogates and without U+0000. Eight bytes at a time
/// as long as they are ASCII, which topics nearly always are.
package enum UTF8Text {
    package enum TopicCheck: Sendable { case valid, notText, wildcard }

    /// Whether `bytes` are UTF-8 without U+0000 [MQTT-1.5.4-1] [MQTT-1.5.4-2].
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if unsafe isPlain(bytes, refusingWildcards: false) { return true }
        return unsafe isValidSlowly(bytes)
    }

    /// Whether `bytes`, not empty, may be a topic name as far as single characters go [MQTT-3.3.2-2] [MQTT-4.7.3-2].
    /// The number of levels is for the router to judge.
    package static func checkTopicName(_ bytes: UnsafeRawBufferPointer) -> TopicCheck {
        if unsafe isPlain(bytes, refusingWildcards: true) { return .valid }
        return unsafe checkTopicNameSlowly(bytes)
    }

    /// Whether all of it is ASCII without NUL (and without wildcards). What does not fill the last word is read with
    /// bytes before it for the second time.
    @inline(__always)
    private static func isPlain(_ bytes: UnsafeRawBufferPointer, refusingWildcards: Bool) -> Bool {
        let count = bytes.count
        guard count >= 4 else { return false }
        if count < 8 {
            let head = UInt64(unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
            let tail = UInt64(unsafe bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return isPlain(head | tail &<< 32, refusingWildcards)
        }
        var index = 0
        let last = count &- 8
        while index < last {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard isPlain(word, refusingWildcards) else { return false }
            index &+= 8
        }
        return isPlain(unsafe bytes.loadUnaligned(fromByteOffset: last, as: UInt64.self), refusingWildcards)
    }

    /// Eight characters: in bytes below 0x80, adding 0x7F sets the high bit of all but zero, so a byte that is NUL, or
    /// that turns to zero by exclusive or with a wildcard, is the one left without. A byte from 0x80 fails by itself,
    /// whatever it carries into its neighbour.
    @inline(__always)
    private static func isPlain(_ word: UInt64, _ refusingWildcards: Bool) -> Bool {
        let highBits: UInt64 = 0x8080_8080_8080_8080
        let lowBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        var plain = (word &+ lowBits) & ~word
        if refusingWildcards {
            plain &= (word ^ 0x2B2B_2B2B_2B2B_2B2B) &+ lowBits
            plain &= (word ^ 0x2323_2323_2323_2323) &+ lowBits
        }
        return plain & highBits == highBits
    }

    private static func checkTopicNameSlowly(_ bytes: UnsafeRawBufferPointer) -> TopicCheck {
        guard unsafe isValidSlowly(bytes) else { return .notText }
        let hasWildcard = unsafe bytes.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
        return hasWildcard ? .wildcard : .valid
    }

    /// One character after the other, by the table of well-formed sequences in the Unicode standard (3.9, table 3-7).
    private static func isValidSlowly(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            let lead = unsafe bytes[index]
            index &+= 1
            if lead < 0x80 {
                if lead == 0 { return false }
                continue
            }
            var second: ClosedRange<UInt8> = 0x80...0xBF
            let following: Int
            switch lead {
            case 0xC2...0xDF: following = 1
            case 0xE0: (following, second) = (2, 0xA0...0xBF)
            case 0xED: (following, second) = (2, 0x80...0x9F)
            case 0xE1...0xEF: following = 2
            case 0xF0: (following, second) = (3, 0x90...0xBF)
            case 0xF1...0xF3: following = 3
            case 0xF4: (following, second) = (3, 0x80...0x8F)
            default: return false
            }
            guard count &- index >= following, second.contains(unsafe bytes[index]) else { return false }
            for further in 1..<3 where further < following {
                guard unsafe bytes[index &+ further] & 0xC0 == 0x80 else { return false }
            }
            index &+= following
        }
        return true
    }
}
