import Testing

@testable import MosquittoClient

@Suite struct PublishPropertiesTests {
    @Test func everyPropertyOfAPublishIsRead() throws {
        let encoded: [UInt8] = [
            0x01, 1,
            0x02, 0, 0, 1, 2,
            0x03, 0, 1, 0x74,
            0x08, 0, 2, 0x72, 0x2F,
            0x09, 0, 3, 1, 0, 2,
            0x26, 0, 1, 0x61, 0, 1, 0x62,
            0x26, 0, 1, 0x61, 0, 0,
        ]
        let properties = try #require(PublishProperties(encoded: encoded))
        #expect(properties.payloadIsText == true)
        #expect(properties.expirySeconds == 258)
        #expect(properties.contentType == "t")
        #expect(properties.responseTopic == "r/")
        #expect(properties.correlationData == [1, 0, 2])
        #expect(properties.user == [.init("a", "b"), .init("a", "")])
        #expect(properties.encodedByteCount == encoded.count)
    }

    @Test(
        arguments: [
            [0x01], [0x01, 2], [0x02, 0, 0, 0], [0x03, 0, 2, 0x61], [0x23, 0, 1], [0x26, 0, 1, 0x61],
            [0x03, 0, 1, 0x00], [0x03, 0, 1, 0xFF], [0xFF],
        ] as [[UInt8]])
    func malformedPropertiesAreRefused(encoded: [UInt8]) {
        #expect(PublishProperties(encoded: encoded) == nil)
    }

    @Test func noPropertiesAreNone() {
        #expect(PublishProperties(encoded: [])?.isEmpty == true)
    }

    @Test func aQueueKeepsItsOrderAcrossGapsAndReturnedElements() {
        var queue = FirstInFirstOut<Int>()
        for value in 0..<5_000 { queue.append(value) }
        for value in 0..<3_000 {
            #expect(queue.first == value)
            queue.removeFirst()
        }
        queue.prepend([2_998, 2_999])
        #expect(queue.count == 2_002)
        for value in 2_998..<5_000 {
            #expect(queue.first == value)
            queue.removeFirst()
        }
        #expect(queue.isEmpty)
        queue.removeFirst()
        queue.append(7)
        #expect(queue.first == 7)
    }
}
