import Messages

extension LedgerOperation {
    /// About how much it puts into the write-ahead log; limits what one transaction takes.
    var footprintBytes: Int {
        switch self {
        case .putSession(let record): record.clientID.count + (record.will?.footprintBytes ?? 0) + 128
        case .putSubscription(_, let subscription): subscription.filter.count + 32
        case .deleteSubscription(_, let filter): filter.count + 32
        case .enqueue(_, _, let delivery): delivery.message.footprintBytes + 32
        case .retain(let message): message.footprintBytes
        case .clearRetained(let topic): topic.count + 32
        case .ruleInputs(let inputs): inputs.count + 16
        case .ruleSnapshot(let snapshot):
            snapshot.groups.reduce(32) { $0 + $1.key.count + ($1.state?.count ?? 0) + 64 }
        case .appendOutbox(let entry): entry.topic.count + entry.payload.count + entry.properties.count + 128
        case .deleteSession, .markDelivery, .dequeue, .addReceived, .removeReceived, .removeOutbox: 32
        }
    }

    /// Whether it may use the last free space of a full disk: it makes room, or hardly needs any.
    var isAllowedOnFullDisk: Bool {
        switch self {
        case .deleteSession, .deleteSubscription, .dequeue, .markDelivery, .removeReceived, .clearRetained,
            .removeOutbox,
            .ruleSnapshot:
            true
        case .putSession, .putSubscription, .enqueue, .addReceived, .retain, .ruleInputs, .appendOutbox: false
        }
    }
}
