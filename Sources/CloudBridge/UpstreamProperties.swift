import Ledger
import Messages
import MosquittoClient

/// The properties with which a row goes upstream: its own, and what lets a receiver drop repeats and prove that nothing
/// is missing.
enum UpstreamProperties {
    /// The row's stable id: the same however often it is sent.
    static let id = "x-mid"
    /// Of the database that numbered the row; a new one starts numbering anew.
    static let epoch = "x-epoch"
    static let lane = "x-lane"
    /// Rises by one from row to row of an epoch and lane.
    static let sequence = "x-seq"

    private static let own = [id, epoch, lane, sequence]

    /// Properties that the row brings under our names are those of the hop before; they are replaced.
    static func make(_ message: BridgeMachine.Outgoing) -> PublishProperties {
        var properties: PublishProperties
        if message.row.properties.isEmpty {
            properties = PublishProperties()
        } else {
            // Stored properties were checked when they came in; what can't be read any more is not worth a message.
            properties = PublishProperties(encoded: message.row.properties) ?? PublishProperties()
            properties.user.removeAll { own.contains($0.name) }
        }
        properties.expirySeconds = message.expirySeconds
        properties.user += [
            .init(id, message.row.id),
            .init(epoch, message.row.epoch),
            .init(lane, message.row.lane),
            .init(sequence, String(message.row.sequence)),
        ]
        return properties
    }
}
