import Testing

@testable import SluiceNode

struct ConfigurationAmountTests {
    @Test(arguments: [
        ("0B", 0), ("512B", 512), ("1KB", 1024), ("1MB", 1_048_576), ("1.5MB", 1_572_864), ("256MB", 268_435_456),
        ("2GB", 2_147_483_648), ("1TB", 1_099_511_627_776), ("0.0001KB", 0),
    ])
    func sizeIsCountedIn1024(text: String, bytes: Int) {
        #expect(Amounts.bytes(text) == bytes)
    }

    @Test(arguments: [
        "", "1", "MB", "1 MB", "1mb", "-1MB", "+1MB", "1.MB", ".5MB", "1.1.1MB", "1_000B", "1KiB", "9999999TB",
        "99999999999999999999B", "1.1234567MB", "٣MB",
    ])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(Amounts.bytes(text) == nil)
    }

    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("1.5h", .seconds(5_400)),
        ("18h", .seconds(64_800)), ("7d", .seconds(604_800)), ("0s", .zero),
    ])
    func durationHasAUnit(text: String, duration: Duration) {
        #expect(Amounts.duration(text) == duration)
    }

    @Test(arguments: ["", "10", "s", "10 s", "-1s", "1w", "1.s", "9223372036854775807d"])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(Amounts.duration(text) == nil)
    }

    @Test(arguments: ["1B", "64KB", "1MB", "1GB", "3TB", "1023B"])
    func sizesAreWrittenAsTheyAreRead(text: String) throws {
        #expect(Amounts.text(bytes: try #require(Amounts.bytes(text))) == text)
    }

    @Test(arguments: ["250ms", "10s", "5m", "18h", "7d", "90s", "0s"])
    func durationsAreWrittenAsTheyAreRead(text: String) throws {
        #expect(Amounts.text(try #require(Amounts.duration(text))) == text)
    }

    @Test(arguments: [
        ("127.0.0.1:1883", "127.0.0.1", 1883), ("[::1]:8883", "::1", 8883), ("0.0.0.0:0", "0.0.0.0", 0),
        ("gateway.local:65535", "gateway.local", 65_535), ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
    ])
    func addressIsHostAndPort(text: String, host: String, port: UInt16) {
        #expect(NetworkAddress(text) == NetworkAddress(host: host, port: port))
        #expect(NetworkAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", ":1883", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:1883", "[::1]",
        "[::1", "[]:1", "[abc]:1", "host name:1", "a:1:2", "[::1]x:1", "[::1%]:1", "h\u{0}:1",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(NetworkAddress(text) == nil)
    }

    @Test func hostHasAGreatestLength() {
        #expect(NetworkAddress(String(repeating: "a", count: NetworkAddress.hostLengthMax) + ":1") != nil)
        #expect(NetworkAddress(String(repeating: "a", count: NetworkAddress.hostLengthMax + 1) + ":1") == nil)
    }

    @Test func defaultPortIsForAddressesWithoutOne() {
        #expect(NetworkAddress("broker.example.com", defaultPort: 8883)?.port == 8883)
        #expect(NetworkAddress("[::1]", defaultPort: 8883)?.host == "::1")
        #expect(NetworkAddress("broker.example.com:1", defaultPort: 8883)?.port == 1)
        #expect(NetworkAddress("broker.example.com:", defaultPort: 8883) == nil)
    }

    @Test func loopbackIsThisMachine() {
        #expect(NetworkAddress(host: "127.0.0.1", port: 1).isLoopback)
        #expect(NetworkAddress(host: "::1", port: 1).isLoopback)
        #expect(NetworkAddress(host: "localhost", port: 1).isLoopback)
        #expect(!NetworkAddress(host: "0.0.0.0", port: 1).isLoopback)
        #expect(!NetworkAddress(host: "127.evil.example", port: 1).isLoopback)
    }

    @Test(arguments: [
        ("listners", "listeners"), ("lsiteners", "listeners"), ("Payload", "payload"), ("limit", "limits"),
        ("clientid", "client-id"),
    ])
    func nearestNameIsFound(written: String, meant: String) {
        let known = ["node", "data", "rules", "listeners", "limits", "payload", "client-id"]
        #expect(NearestName.of(written, among: known) == meant)
    }

    @Test func nothingIsNearToSomethingElse() {
        #expect(NearestName.of("colour", among: ["node", "data", "rules"]) == nil)
        #expect(NearestName.of("", among: ["node"]) == nil)
        #expect(NearestName.of(String(repeating: "n", count: 10_000), among: ["node"]) == nil)
    }
}
