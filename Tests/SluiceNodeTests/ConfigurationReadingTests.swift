import Messages
import Testing

@testable import SluiceNode

/// Surroundings in which every file but those named can be read, and no folder exists but those named.
func surroundings(
    _ environment: [String: String] = [:], missing: Set<String> = [], folders: Set<String> = []
) -> ConfigurationSurroundings {
    ConfigurationSurroundings(
        environment: environment,
        whyUnreadable: { missing.contains($0) ? "no such file" : nil },
        folderExists: { folders.contains($0) })
}

/// The problems of `yaml`, a line each, or none.
func problems(
    _ yaml: String, _ environment: [String: String] = [:], missing: Set<String> = []
) -> [String] {
    do {
        _ = try NodeConfiguration.parse(yaml, file: "s.yaml", surroundings: surroundings(environment, missing: missing))
        return []
    } catch {
        return error.description.split(separator: "\n").map(String.init)
    }
}

struct ConfigurationReadingTests {
    private let whole = """
        node: gateway-7
        data: /var/lib/sluice
        rules: rules
        listeners:
          - { name: local,   tcp: "127.0.0.1:1883", anonymous: true, durability: memory }
          - { name: devices, tls: "[::]:8883", certificate: certs/server.pem, key: certs/server.key, client-ca: certs/ca.pem }
        access:
          - { identity: "*", publish: ["sensors/{identity}/#"], subscribe: ["commands/{identity}/#"] }
          - { listener: local, publish: ["#"], subscribe: "#" }
          - { identity: "press-*", publish: [a], deny: true }
        limits: { payload: 2MB, connections: 1_000, keepalive: 1h, queued-messages: 10, retained-bytes: 0B, memory: 64MB }
        durability: commit
        bridges:
          - name: cloud
            url: mqtts://broker.example.com
            preset: generic
            certificate: certs/gateway.pem
            key: certs/gateway.key
            ca: certs/cloud-ca.pem
            client-id: g7
            username: u
            password: p
            routes:
              - { from: "cloud/#", to: "{node}/{rest}", qos: 1, order: route }
              - { from: "alarms/+", qos: 2 }
            outbox: { bytes: 2GB, age: 1d, when-full: drop-newest }
        """

    @Test func everyKeyIsRead() throws {
        let read = try NodeConfiguration.parse(
            whole, file: "/etc/sluice/sluice.yaml", surroundings: surroundings(folders: ["/etc/sluice/rules"]))
        #expect(read.node == "gateway-7")
        #expect(read.data == "/var/lib/sluice")
        #expect(read.rules == ["/etc/sluice/rules"])
        #expect(read.source == "/etc/sluice/sluice.yaml")
        #expect(read.warnings == [])
        #expect(
            read.listeners == [
                ListenerConfiguration(
                    name: "local", address: NetworkAddress(host: "127.0.0.1", port: 1883), transport: .tcp,
                    anonymous: true,
                    durability: .memory),
                ListenerConfiguration(
                    name: "devices", address: NetworkAddress(host: "::", port: 8883),
                    transport: .tls(
                        .init(
                            certificate: "/etc/sluice/certs/server.pem", key: "/etc/sluice/certs/server.key",
                            clientCA: "/etc/sluice/certs/ca.pem")),
                    anonymous: false, durability: .commit),
            ])
        #expect(
            read.access == [
                AccessConfiguration(
                    identity: "*", publish: ["sensors/{identity}/#"], subscribe: ["commands/{identity}/#"]),
                AccessConfiguration(listener: "local", publish: ["#"], subscribe: ["#"]),
                AccessConfiguration(identity: "press-*", publish: ["a"], deny: true),
            ])
        #expect(
            read.limits
                == LimitsConfiguration(
                    payloadBytes: 2 << 20, connections: 1_000, keepAlive: .seconds(3_600), queuedMessages: 10,
                    retainedBytes: 0,
                    memoryBytes: 64 << 20))
        #expect(
            read.bridges == [
                BridgeConfiguration(
                    name: "cloud", address: NetworkAddress(host: "broker.example.com", port: 8883),
                    tls: .init(
                        ca: "/etc/sluice/certs/cloud-ca.pem", certificate: "/etc/sluice/certs/gateway.pem",
                        key: "/etc/sluice/certs/gateway.key"),
                    clientID: "g7", username: "u", password: Secret("p"),
                    routes: [
                        RouteConfiguration(from: "cloud/#", to: "{node}/{rest}", qos: .atLeastOnce),
                        RouteConfiguration(from: "alarms/+", to: "{topic}", qos: .exactlyOnce),
                    ],
                    outbox: OutboxConfiguration(bytes: 2 << 30, age: .seconds(86_400), whenFull: .dropNewest))
            ])
    }

    @Test func withoutAFileOneListenerIsOpenToThisMachine() throws {
        let read = try NodeConfiguration.parse("", file: nil, surroundings: surroundings(folders: ["rules"]))
        #expect(read.node == "sluice")
        #expect(read.data == "data")
        #expect(read.rules == ["rules"])
        #expect(read.source == nil)
        #expect(read.listeners == [.standard])
        #expect(read.listeners.first?.address.description == "127.0.0.1:1883")
        #expect(
            read.access == [
                AccessConfiguration(listener: "local", publish: ["#"], subscribe: ["#", "$SYS/#", "$sluice/#"])
            ])
        #expect(read.limits.payloadBytes == 1_048_576)
        #expect(read.durability == .commit)
        #expect(read.bridges == [])
    }

    @Test func withoutAFolderOfRulesThereAreNone() throws {
        #expect(try NodeConfiguration.parse("", file: nil, surroundings: surroundings()).rules == [])
    }

    @Test func emptySectionsAreAsIfAbsent() {
        #expect(problems("# nothing\nlisteners:\naccess:\nlimits:\nbridges: ~\n") == [])
    }

    @Test func unknownKeysNameTheNearest() {
        #expect(
            problems("limits: { paylod: 1MB }\nlistner: []\n") == [
                #"s.yaml:1:11: there is no key "paylod" in "limits"; did you mean "payload"?"#,
                #"s.yaml:2:1: there is no key "listner"; did you mean "listeners"?"#,
            ])
        #expect(
            problems("limits: { speed: 1 }").first
                == #"s.yaml:1:11: there is no key "speed" in "limits"; there are: payload, connections, keepalive, "#
                + "queued-messages, retained-bytes, memory")
        #expect(
            problems("listeners: [ { name: a, tcp: \"127.0.0.1:1\", anonymus: true } ]").contains(
                #"s.yaml:1:45: there is no key "anonymus" in "listeners"; did you mean "anonymous"?"#))
    }

    @Test func allProblemsComeTogetherInTheOrderOfTheFile() {
        let found = problems(
            """
            durability: comit
            limits: { connections: 0, payload: 1 }
            listeners:
              - name: a
                tcp: 127.0.0.1
                anonymous: perhaps
              - name: a/b
                tls: "0.0.0.0:8883"
            bridges:
              - url: http://x
                routes: [ { to: "a" } ]
            """)
        #expect(
            found == [
                #"s.yaml:1:13: "durability" is one of commit, memory, not "comit"; did you mean "commit"?"#,
                #"s.yaml:2:24: "connections" is a whole number from 1 to 1000000, not "0""#,
                #"s.yaml:2:36: "payload" is a size such as 512B, 64KB, 10MB or 1GB, not "1""#,
                #"s.yaml:4:5: a "tcp" listener cannot tell who its clients are: set "anonymous: true", or use "tls" with "client-ca""#,
                #"s.yaml:5:10: "127.0.0.1" is not HOST:PORT, such as "127.0.0.1:1883" or "[::1]:8883""#,
                #"s.yaml:6:16: "anonymous" is true or false, not "perhaps""#,
                #"s.yaml:7:5: a "tls" listener needs "certificate": a PEM file ("sluice certs init" makes them)"#,
                #"s.yaml:7:5: a "tls" listener needs "key": a PEM file ("sluice certs init" makes them)"#,
                #"s.yaml:7:5: a "tls" listener needs "client-ca", whose clients it lets in, or "anonymous: true" to let in everyone"#,
                #"s.yaml:7:11: "a/b" is no name: use 1 to 64 of the letters a to z, digits, "-", "_" and ".""#,
                #"s.yaml:10:5: a bridge needs "name""#,
                #"s.yaml:10:10: "http://x" is not mqtt://HOST:PORT or mqtts://HOST:PORT"#,
                #"s.yaml:11:15: a route needs "from": a topic filter, such as "cloud/#""#,
            ])
    }

    @Test(arguments: [
        ("listeners: [ { name: w, websocket: \"127.0.0.1:1\" } ]", "a WebSocket listener"),
        (
            "listeners: [ { name: w, tls: \"127.0.0.1:1\", certificate: a, key: b, client-ca: c, crl: d } ]",
            "a revocation list"
        ),
        ("bridges: [ { name: b, url: mqtt://h, routes: [], preset: emqx } ]", "a preset other than \"generic\""),
        ("bridges: [ { name: b, url: mqtt://h, routes: [], commands: [] } ]", "bringing commands down from the cloud"),
        ("bridges: [ { name: b, url: mqtt://h, routes: [], budget: {} } ]", "a budget for a bridge"),
        (
            "bridges: [ { name: b, url: mqtt://h, routes: [ { from: a, order: key } ] } ]",
            "an order other than \"route\""
        ),
        ("management: { http: \"127.0.0.1:8080\" }", "the management interface"),
    ])
    func whatIsNotThereYetIsRefused(yaml: String, feature: String) {
        let found = problems(yaml)
        #expect(found.count == 1)
        #expect(found.first?.contains("\(feature) is not available yet in this version") == true, "\(found)")
    }

    @Test func everyUnavailableFeatureSaysSo() {
        for feature in UnavailableFeature.allCases {
            #expect(feature.sentence.contains("is not available yet in this version"))
        }
    }

    @Test func missingFilesAreNamedAsTheyAreOpened() {
        let yaml = """
            listeners:
              - { name: d, tls: "127.0.0.1:0", certificate: c.pem, key: c.key, client-ca: ca.pem }
            rules: [ more.rules ]
            """
        #expect(problems(yaml) == [])
        #expect(
            problems(yaml, missing: ["c.key", "more.rules"]) == [
                #"s.yaml:2:61: "key": c.key cannot be read: no such file"#,
                #"s.yaml:3:10: "rules": more.rules cannot be read: no such file"#,
            ])
    }

    @Test func relativePathsStartAtTheFolderOfTheFile() throws {
        let read = try NodeConfiguration.parse(
            "rules: [ a.rules, /b.rules ]", file: "conf/s.yaml", surroundings: surroundings())
        #expect(read.rules == ["conf/a.rules", "/b.rules"])
        #expect(read.data == "conf/data")
    }

    @Test func wrongShapesAreSaid() {
        #expect(problems("- a\n- b\n") == ["s.yaml: the file holds keys and their values, such as \"key: value\""])
        #expect(problems("limits: 5") == ["s.yaml:1:1: \"limits\" holds keys and their values, such as \"key: value\""])
        #expect(
            problems("listeners: { name: a }") == [
                "s.yaml:1:1: \"listeners\" is a list: write \"- \" before each entry, or [ … ] around them"
            ])
        #expect(problems("node: [ a ]") == ["s.yaml:1:7: \"node\" is one value, not a list or keys"])
        #expect(problems("node:\n") == ["s.yaml:1:6: \"node\" has no value: give it one or remove the line"])
        #expect(problems("? [ a ]\n: b\n").first == "s.yaml:1:3: a key must be a plain word")
    }

    @Test func whatIsNotYAMLIsSaidWithItsPlace() {
        #expect(problems("node: \"a\nlimits: {").first?.hasPrefix("s.yaml:2:") == true)
        #expect(problems("node: a\nnode: b\n").first?.contains("the same key is there twice: \"node\"") == true)
        #expect(problems(String(repeating: "[", count: 100_000)).first?.contains("not valid YAML") == true)
        #expect(problems("a: &a [1]\nb: *c").first?.hasPrefix("s.yaml:2:") == true)
    }

    @Test func aliasesCannotMakeAFileGrowWithoutBound() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            yaml +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(problems(yaml).count == 31)
    }

    @Test func listsHaveAGreatestLength() {
        func yaml(_ count: Int) -> String { "access:\n" + String(repeating: "- { publish: [a] }\n", count: count) }
        #expect(problems(yaml(ConfigurationReading.entryCountMax)) == [])
        #expect(problems(yaml(ConfigurationReading.entryCountMax + 1)).first?.contains("at most 1000 entries") == true)
    }

    @Test(arguments: [
        ("payload: 0B", false), ("payload: 1B", true), ("payload: 256MB", true), ("payload: 257MB", false),
        ("connections: 0", false), ("connections: 1", true), ("connections: 1000000", true),
        ("connections: 1000001", false),
        ("keepalive: 999ms", false), ("keepalive: 1s", true), ("keepalive: 65535s", true), ("keepalive: 65536s", false),
        ("queued-messages: 0", false), ("queued-messages: 1", true), ("queued-messages: 10000001", false),
        ("retained-bytes: 0B", true), ("retained-bytes: 1TB", true), ("retained-bytes: 1025GB", false),
        ("memory: 15MB", false), ("memory: 16MB", true), ("memory: 1TB", true), ("memory: 2TB", false),
    ])
    func limitsHaveLimits(limit: String, accepted: Bool) {
        #expect(problems("limits: { \(limit) }").isEmpty == accepted)
    }

    @Test(arguments: [
        ("a/#/b", false), ("a+", false), ("", false), ("a/+/#", true), ("{identity}", true), ("a/{who}", false),
        ("a/{", false),
        ("$SYS/#", true),
    ])
    func accessRulesHoldTopicFilters(filter: String, accepted: Bool) {
        #expect(problems("access: [ { publish: [ \"\(filter)\" ] } ]").isEmpty == accepted)
    }

    @Test func accessRulesNameListenersThatExist() {
        #expect(
            problems("access: [ { listener: locl, publish: [a] } ]") == [
                #"s.yaml:1:13: no listener is called "locl"; did you mean "local"?"#
            ])
        #expect(problems("access: [ { identity: a } ]").first?.contains("needs \"publish\" or \"subscribe\"") == true)
    }

    @Test(arguments: [
        ("from: \"a/#\", to: \"{node}/{rest}\"", true), ("from: \"a/+\", to: \"{rest}\"", false),
        ("from: \"a/b#\"", false), ("from: a, to: \"b/#\"", false), ("from: a, to: \"{x}\"", false),
        ("from: a, qos: 3", false),
        ("from: a, to: \"x/{topic}\"", true),
    ])
    func routesGoFromFilterToTopic(route: String, accepted: Bool) {
        #expect(problems("bridges: [ { name: b, url: mqtt://h, routes: [ { \(route) } ] } ]").isEmpty == accepted)
    }

    @Test func bridgeKeysBelongTogether() {
        let found = problems("bridges: [ { name: b, url: mqtt://h, routes: [ { from: a } ], key: k, password: p } ]")
        #expect(found.contains { $0.contains("\"certificate\" and \"key\" belong together") })
        #expect(found.contains { $0.contains("\"key\" is for \"mqtts://\"") })
        #expect(found.contains { $0.contains("\"password\" needs \"username\"") })
    }

    @Test func bridgeOfMQTTHasNoTLS() throws {
        let read = try NodeConfiguration.parse(
            "node: n\nbridges: [ { name: b, url: \"mqtt://h:1/\", routes: [ { from: a } ] } ]", file: nil,
            surroundings: surroundings())
        #expect(read.bridges.first?.tls == nil)
        #expect(read.bridges.first?.address == NetworkAddress(host: "h", port: 1))
        #expect(read.bridges.first?.clientID == "n")
    }

    @Test func namesAreUnique() {
        let listener = "{ name: a, tcp: \"127.0.0.1:0\", anonymous: true }"
        #expect(
            problems("listeners: [ \(listener), \(listener) ]") == ["s.yaml:1:66: there are two listeners called \"a\""]
        )
    }

    @Test func listenersThatNobodyCanUseAreWarnedAbout() throws {
        let read = try NodeConfiguration.parse(
            """
            listeners:
              - { name: open, tcp: "0.0.0.0:1883", anonymous: true }
              - { name: near, tcp: "127.0.0.1:1883", anonymous: true }
            """, file: nil, surroundings: surroundings())
        #expect(read.access == [.open("near")])
        #expect(
            read.warnings == ["nobody may publish or subscribe on listener \"open\": no access rule fits its clients"])
    }

    @Test func secretsAreNotShown() {
        let secret = Secret("hunter2")
        #expect(!"\(secret) \(String(reflecting: secret)) \(String(describing: Optional(secret)))".contains("hunter2"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(secret.reveal() == "hunter2")
    }
}
