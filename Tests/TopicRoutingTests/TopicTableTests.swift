import Testing

@testable import TopicRouting

@Suite struct TopicTableTests {
    @Test func `finds what was inserted, and nothing else`() {
        var table = TopicTable()
        var names: [[UInt8]] = []
        for index in 0..<5_000 { names.append(Array("plant/\(index % 7)/sensor/\(index)".utf8)) }
        names.append([])
        names.append(Array("a".utf8))
        for (index, name) in names.enumerated() {
            let inserted = name.withUnsafeBytes { topic in
                #expect(table.slot(of: topic) == -1)
                return table.insert(topic)
            }
            #expect(inserted.slot == index)
            #expect(!inserted.cleared)
        }
        for (index, name) in names.enumerated() {
            let slot = name.withUnsafeBytes { table.slot(of: $0) }
            #expect(slot == index)
        }
        let absent = Array("plant/0/sensor/5001".utf8).withUnsafeBytes { table.slot(of: $0) }
        #expect(absent == -1)
        table.removeAll()
        let gone = names[17].withUnsafeBytes { table.slot(of: $0) }
        #expect(gone == -1)
        #expect(table.count == 0)
    }

    @Test func `at its capacity it starts anew instead of growing`() {
        var table = TopicTable()
        for index in 0..<TopicTable.capacityMax {
            let cleared = Array("\(index)".utf8).withUnsafeBytes { table.insert($0).cleared }
            #expect(!cleared)
        }
        let next = Array("one more".utf8).withUnsafeBytes { table.insert($0) }
        #expect(next.cleared)
        #expect(next.slot == 0)
        #expect(table.count == 1)
    }
}
