import Testing

@testable import Messages

@Suite struct TopicTextTests {
    @Test(arguments: [
        ("a/b", true), ("/", true), ("a//b", true), ("$SYS/x", true), ("", false), ("a/+", false), ("a/#", false),
        ("a\u{0}b", false),
    ])
    func `names [MQTT-3.3.2-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2]`(name: String, isName: Bool) {
        #expect(TopicText.isName(name.utf8) == isName)
    }

    @Test(arguments: [
        ("#", true), ("+", true), ("a/#", true), ("a/+/b", true), ("+/+/#", true), ("/", true), ("/#", true),
        ("a", true),
        ("", false), ("a#", false), ("a/b#", false), ("#/a", false), ("a/#/b", false), ("a+", false), ("+a", false),
        ("a/+b/c", false), ("##", false), ("++", false), ("a\u{0}", false),
    ])
    func `filters [MQTT-4.7.1-1] [MQTT-4.7.1-2]`(filter: String, isFilter: Bool) {
        #expect(TopicText.isFilter(Array(filter.utf8)) == isFilter)
    }

    @Test func `levels and bytes at the limit and one more`() {
        let deep = String(repeating: "a/", count: TopicText.levelCountMax - 1) + "a"
        #expect(TopicText.isName(deep.utf8))
        #expect(TopicText.isFilter(Array(deep.utf8)))
        #expect(!TopicText.isName((deep + "/a").utf8))
        #expect(!TopicText.isFilter(Array((deep + "/a").utf8)))
        let long = [UInt8](repeating: 97, count: TopicText.byteCountMax)
        #expect(TopicText.isName(long))
        #expect(!TopicText.isName(long + [97]))
    }

    @Test(arguments: [
        ("sport/tennis", "sport/tennis", true), ("sport/tennis", "sport/+", true), ("sport/tennis", "sport/#", true),
        ("sport", "sport/#", true), ("sport", "sport/+", false), ("sport/", "sport/+", true), ("/finance", "+/+", true),
        ("/finance", "/+", true), ("/finance", "+", false), ("$SYS/x", "#", false), ("$SYS/x", "+/x", false),
        ("$SYS/x", "$SYS/#", true), ("a/b/c", "a/+/c", true), ("a/b/c", "a/+", false), ("a/$x", "a/+", true),
        ("a", "a/b", false), ("a/b", "a", false),
    ])
    func `matching (4.7.1, 4.7.2)`(name: String, filter: String, isMatch: Bool) {
        #expect(TopicText.matches(name: Array(name.utf8), filter: Array(filter.utf8)) == isMatch)
    }
}
