import MQTTWire
import Testing

@Suite("Layout of what crosses the hot path")
struct LayoutTests {
    @Test("PublishHeader is trivial and 32 bytes; a step fits in 48")
    func sizes() {
        #expect(_isPOD(PublishHeader.self) && _isPOD(Acknowledgement.self))
        #expect(MemoryLayout<PublishHeader>.size == 32)
        #expect(MemoryLayout<Acknowledgement>.size == 3)
        #expect(MemoryLayout<Packet>.size <= 33)
        #expect(MemoryLayout<DecodeStep>.size <= 48)
        #expect(MemoryLayout<WireError>.size <= 9)
    }
}
