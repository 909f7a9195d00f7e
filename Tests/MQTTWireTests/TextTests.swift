import MQTTWire
import Testing

@Suite("Text (MQTT 5, 1.5.4)")
struct TextTests {
    private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { UTF8Text.isValid($0) } }

    private func check(_ bytes: [UInt8]) -> UTF8Text.TopicCheck {
        bytes.withUnsafeBytes { UTF8Text.checkTopicName($0) }
    }

    @Test("MQTT-1.5.4-1: agrees with the standard library on all pairs of bytes, and at all edges of longer sequences")
    func agreesWithStandardLibrary() {
        var disagreements = 0
        func compare(_ bytes: [UInt8]) {
            let expected = String(validating: bytes, as: UTF8.self) != nil && !bytes.contains(0)
            if isValid(bytes) != expected { disagreements += 1 }
        }
        let edges: [UInt8] = [0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xED, 0xF4, 0xFF]
        for first in UInt8.min...UInt8.max {
            compare([first])
            for second in UInt8.min...UInt8.max { compare([first, second]) }
            for second in edges where first >= 0xC0 {
                for third in edges {
                    compare([first, second, third])
                    for fourth in edges where first >= 0xED { compare([first, second, third, fourth]) }
                }
            }
        }
        #expect(disagreements == 0)
    }

    @Test("MQTT-1.5.4-2: NUL is found at every place of texts of every length", arguments: 1...40)
    func nulAnywhere(_ count: Int) {
        let plain = [UInt8](repeating: 0x61, count: count)
        #expect(isValid(plain) && check(plain) == .valid)
        for index in 0..<count {
            var text = plain
            text[index] = 0
            #expect(!isValid(text) && check(text) == .notText)
            text[index] = 0xFF
            #expect(!isValid(text) && check(text) == .notText)
        }
    }

    @Test("MQTT-3.3.2-2: a wildcard is found at every place; nothing else is taken for one", arguments: 1...24)
    func wildcardAnywhere(_ count: Int) {
        for index in 0..<count {
            for byte in UInt8(1)...0x7F {
                var topic = [UInt8](repeating: 0x2A, count: count)
                topic[index] = byte
                let isWildcard = byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#")
                #expect(check(topic) == (isWildcard ? .wildcard : .valid))
            }
        }
    }

    @Test("MQTT-1.5.4-3: U+FEFF is a character like others; non-characters are let through")
    func byteOrderMark() {
        #expect(isValid([0xEF, 0xBB, 0xBF]) && isValid([0xEF, 0xBF, 0xBF]) && isValid([]))
        #expect(check(Array("größe/日本語/😀".utf8)) == .valid)
        #expect(check(Array("größe/日本語/😀/#".utf8)) == .wildcard)
    }
}
