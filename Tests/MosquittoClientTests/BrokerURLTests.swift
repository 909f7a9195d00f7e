import Testing

@testable import MosquittoClient

@Suite struct BrokerURLTests {
    @Test func plainAndTLSHaveTheirDefaultPorts() throws {
        #expect(try BrokerURL(parsing: "mqtt://broker") == BrokerURL(host: "broker", port: 1883, usesTLS: false))
        #expect(
            try BrokerURL(parsing: "mqtts://b.example") == BrokerURL(host: "b.example", port: 8883, usesTLS: true))
        #expect(try BrokerURL(parsing: "MQTT://b:2883").port == 2883)
    }

    @Test func userPasswordAndTopicArePercentDecoded() throws {
        let url = try BrokerURL(parsing: "mqtt://plant%40a:s%3Acret@h:1/a/b%20c")
        #expect(url.username == "plant@a")
        #expect(url.password == "s:cret")
        #expect(url.topic == "a/b c")
        #expect(url.host == "h" && url.port == 1)
    }

    @Test func addressesOfIPv6StandInBrackets() throws {
        let url = try BrokerURL(parsing: "mqtts://[fd00::1]:8884")
        #expect(url.host == "fd00::1" && url.port == 8884)
        #expect(url.place == "[fd00::1]:8884")
        #expect(throws: MosquittoError.self) { try BrokerURL(parsing: "mqtt://fd00::1") }
    }

    @Test(arguments: [
        "broker", "http://broker", "mqtt://", "mqtt://h:0", "mqtt://h:65536", "mqtt://h:x", "mqtt://[::1",
        "mqtt://[::1]x", "mqtt://a%zz@h", "mqtt://h/a%00b", "mqtt://h/%ff",
    ])
    func whatIsNotAURLIsRefusedWithASentence(text: String) {
        #expect { try BrokerURL(parsing: text) } throws: { error in
            guard let error = error as? MosquittoError else { return false }
            return error.code == .usage && error.message.contains("can't be read")
        }
    }

    @Test func aPasswordIsNotRepeatedInTheError() {
        #expect { try BrokerURL(parsing: "mqtt://user:secret@h:99999") } throws: { error in
            !"\(error)".contains("secret")
        }
    }
}
