import Glibc

/// What arrives: packets are read where they lie in the read buffer; only an incomplete last one is copied.
extension LoadRun {
    /// One read of connection `index` with everything in it. True: there was something.
    mutating func receive(_ index: Int) throws(LoadError) -> Bool {
        let tailCount = connections[index].tailCount
        if tailCount > 0 { readBuffer.copyMemory(from: connections[index].tail, byteCount: tailCount) }
        let got = recv(connections[index].socket, readBuffer + tailCount, Self.readBytes, 0)
        if got == 0 { throw .broker("the broker closed a connection in the middle of the run") }
        if got < 0 {
            if errno == EAGAIN || errno == EINTR { return false }
            throw .broker(Connection.lost("recv"))
        }
        let now = Clock.nanoseconds()
        let count = tailCount + got
        acknowledgementBytes = 0
        let used =
            switch connections[index].role {
            case .subscriber: try readDeliveries(UnsafeRawPointer(readBuffer), count, subscriber: index, now: now)
            case .publisher: try readAcknowledgements(UnsafeRawPointer(readBuffer), count, connection: index)
            }
        let left = count - used
        guard left <= packetBytesMax else { throw .broker("the broker sent a packet larger than \(packetBytesMax) B") }
        if left > 0 { connections[index].tail.copyMemory(from: readBuffer + used, byteCount: left) }
        connections[index].tailCount = left
        if acknowledgementBytes > 0 { try send(acknowledgements, acknowledgementBytes, on: index) }
        return true
    }

    /// Where the body of the packet at `offset` begins and ends; nil: it is not complete.
    @inline(__always)
    private func body(_ bytes: UnsafeRawPointer, _ offset: Int, _ count: Int) throws(LoadError) -> (Int, Int)? {
        var at = offset &+ 1
        var length = 0
        var shift = 0
        while true {
            guard at < count else { return nil }
            let byte = Int(bytes.load(fromByteOffset: at, as: UInt8.self))
            at &+= 1
            length |= (byte & 0x7F) &<< shift
            if byte < 0x80 { break }
            shift &+= 7
            guard shift < 28 else { throw .broker("the broker sent a packet length of more than four bytes") }
        }
        guard length <= packetBytesMax else {
            throw .broker("the broker sent a packet of \(length) bytes; the largest expected is \(packetBytesMax)")
        }
        return at &+ length <= count ? (at, at &+ length) : nil
    }

    /// Packets of a subscriber: PUBLISH and, at QoS 2, PUBREL. Returns how many bytes were used.
    private mutating func readDeliveries(
        _ bytes: UnsafeRawPointer, _ count: Int, subscriber: Int, now: UInt64
    ) throws(LoadError) -> Int {
        var offset = 0
        while offset < count, let (begin, end) = try body(bytes, offset, count) {
            let first = bytes.load(fromByteOffset: offset, as: UInt8.self)
            switch first & 0xF0 {
            case 0x30: try readPublish(bytes, first, begin, end, subscriber: subscriber, now: now)
            case 0x60:
                guard end - begin >= 2 else { throw .broker("the broker sent a PUBREL without packet identifier") }
                acknowledge(0x70, bytes + begin)
            default: throw .broker("the broker sent a subscriber a packet of type \(first >> 4)")
            }
            offset = end
        }
        return offset
    }

    @inline(__always)
    private mutating func readPublish(
        _ bytes: UnsafeRawPointer, _ first: UInt8, _ begin: Int, _ end: Int, subscriber: Int, now: UInt64
    ) throws(LoadError) {
        let qos = first >> 1 & 3
        guard end - begin >= 2 else { throw .broker("the broker sent a PUBLISH without topic") }
        var at = begin &+ 2 &+ Int(bytes.loadUnaligned(fromByteOffset: begin, as: UInt16.self).bigEndian)
        if qos > 0 {
            guard at + 2 <= end else { throw .broker("the broker sent a PUBLISH without packet identifier") }
            acknowledge(qos == 1 ? 0x40 : 0x50, bytes + at)
            at &+= 2
        }
        if options.version == 5 {
            // Property lists of this load are shorter than 128 bytes: their length is one byte.
            guard at < end else { throw .broker("the broker sent a PUBLISH without property length") }
            at &+= 1 &+ Int(bytes.load(fromByteOffset: at, as: UInt8.self))
        }
        guard end &- at == options.payloadBytes, qos == options.qos else {
            throw .broker("the broker delivered \(end - at) B at QoS \(qos), not \(options.payloadBytes) B")
        }
        if first & 0x08 != 0 { duplicateFlags &+= 1 }
        let publisher = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
        let sequence = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at &+ 4, as: UInt64.self))
        let sentAt = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at &+ 12, as: UInt64.self))
        guard publisher < options.publishers, options.pattern != .pairs || publisher == subscriber,
            sequence < publishers[publisher].sent, sentAt <= now
        else { throw .broker("the broker delivered a message that was not sent to this subscriber") }
        latency.enter(now &- sentAt)
        if account.enter(publisher: publisher, subscriber: subscriber, sequence: sequence) { credit(publisher) }
    }

    @inline(__always)
    private mutating func credit(_ index: Int) {
        let publisher = publishers + index
        publisher.pointee.copiesUntilDelivered &-= 1
        guard publisher.pointee.copiesUntilDelivered == 0 else { return }
        publisher.pointee.copiesUntilDelivered = options.copies
        publisher.pointee.delivered &+= 1
        enqueue(index)
    }

    /// Appends a two-byte acknowledgement packet with the identifier at `identifier`.
    @inline(__always)
    private mutating func acknowledge(_ first: UInt8, _ identifier: UnsafeRawPointer) {
        let target = acknowledgements + acknowledgementBytes
        target.storeBytes(of: first, as: UInt8.self)
        target.storeBytes(of: 2, toByteOffset: 1, as: UInt8.self)
        target.storeBytes(of: identifier.loadUnaligned(as: UInt16.self), toByteOffset: 2, as: UInt16.self)
        acknowledgementBytes &+= 4
    }

    /// Packets of a publisher: PUBACK, or PUBREC and PUBCOMP. Returns how many bytes were used.
    private mutating func readAcknowledgements(
        _ bytes: UnsafeRawPointer, _ count: Int, connection: Int
    ) throws(LoadError) -> Int {
        let index = connections[connection].index
        let publisher = publishers + index
        var offset = 0
        while offset < count, let (begin, end) = try body(bytes, offset, count) {
            let first = bytes.load(fromByteOffset: offset, as: UInt8.self)
            guard end - begin >= 2 else { throw .broker("the broker sent a packet of type \(first >> 4) too short") }
            let reason = end - begin > 2 ? bytes.load(fromByteOffset: begin + 2, as: UInt8.self) : 0
            guard reason < 0x80 else { throw .broker("the broker refused a PUBLISH with reason \(reason)") }
            switch (first & 0xF0, options.qos) {
            case (0x40, 1):
                try checkOrder(publisher, bytes + begin)
                publisher.pointee.acknowledged += 1
            case (0x50, 2):
                try checkOrder(publisher, bytes + begin)
                acknowledge(0x62, bytes + begin)
            case (0x70, 2): publisher.pointee.acknowledged += 1
            default: throw .broker("the broker sent a publisher a packet of type \(first >> 4)")
            }
            offset = end
        }
        if publisher.pointee.acknowledged > publisher.pointee.sent {
            throw .broker("the broker acknowledged more messages than were sent")
        }
        enqueue(index)
        return offset
    }

    @inline(__always)
    private func checkOrder(
        _ publisher: UnsafeMutablePointer<Publisher>, _ identifier: UnsafeRawPointer
    ) throws(LoadError) {
        let got = identifier.loadUnaligned(as: UInt16.self).bigEndian
        guard got == publisher.pointee.nextAcknowledged else {
            throw .broker("the broker acknowledged packet \(got) instead of \(publisher.pointee.nextAcknowledged)")
        }
        publisher.pointee.nextAcknowledged = PublishTemplate.identifier(after: got)
    }
}
