import Testing

@testable import sluice

struct DemoDeliveryTests {
    private func arrival(_ sequence: UInt64, id: String? = nil, payload: String? = nil, epoch: String = "e")
        -> DeliveryCheck.Arrival
    {
        .init(
            epoch: epoch, lane: "cloud/#", sequence: sequence, id: id ?? "\(epoch)/\(sequence)",
            topic: Array("gateway/anomalies/cpu".utf8), payload: Array((payload ?? "\(epoch) \(sequence)").utf8))
    }

    @Test func aGaplessLaneIsRight() {
        var check = DeliveryCheck()
        for sequence in 1...5 as ClosedRange<UInt64> {
            #expect(check.note(arrival(sequence), isOneOfItsKind: true) == .new)
        }
        #expect(check.missing == 0)
        #expect((check.duplicated, check.outOfOrder, check.redelivered) == (0, 0, 0))
    }

    @Test func aGapIsMissingUntilItIsFilledLate() {
        var check = DeliveryCheck()
        for sequence in [1, 2, 5] as [UInt64] { _ = check.note(arrival(sequence), isOneOfItsKind: true) }
        #expect(check.missing == 2)
        _ = check.note(arrival(3), isOneOfItsKind: true)
        #expect(check.missing == 1)
        #expect(check.outOfOrder == 1)
    }

    @Test func aLaneThatDoesNotBeginAtOneIsMissingItsStart() {
        var check = DeliveryCheck()
        _ = check.note(arrival(3), isOneOfItsKind: true)
        #expect(check.missing == 2)
    }

    @Test func theSameMessageAgainIsRedeliveredNotDuplicated() {
        var check = DeliveryCheck()
        for sequence in [1, 2, 1, 2, 3] as [UInt64] { _ = check.note(arrival(sequence), isOneOfItsKind: true) }
        #expect(check.redelivered == 2)
        #expect((check.missing, check.duplicated, check.outOfOrder) == (0, 0, 0))
    }

    @Test func anotherMessageUnderTheSameSequenceIsDuplicated() {
        var check = DeliveryCheck()
        _ = check.note(arrival(1), isOneOfItsKind: true)
        #expect(check.note(arrival(1, id: "other"), isOneOfItsKind: true) == .duplicated)
        #expect(check.note(arrival(1, payload: "other"), isOneOfItsKind: true) == .duplicated)
        #expect(check.duplicated == 2)
    }

    @Test func oneIdUnderTwoSequencesIsDuplicated() {
        var check = DeliveryCheck()
        _ = check.note(arrival(1, id: "a"), isOneOfItsKind: false)
        #expect(check.note(arrival(2, id: "a"), isOneOfItsKind: false) == .duplicated)
        #expect(check.missing == 0)
    }

    @Test func oneOutputUnderTwoIdsIsDuplicatedOnlyWhereATimeIsInIt() {
        var check = DeliveryCheck()
        _ = check.note(arrival(1, payload: "same"), isOneOfItsKind: true)
        #expect(check.note(arrival(2, payload: "same"), isOneOfItsKind: true) == .duplicated)
        #expect(check.note(arrival(3, payload: "same"), isOneOfItsKind: false) == .new)
    }

    @Test func epochsAreCountedEachOnItsOwn() {
        var check = DeliveryCheck()
        _ = check.note(arrival(1, epoch: "a"), isOneOfItsKind: true)
        _ = check.note(arrival(2, epoch: "a"), isOneOfItsKind: true)
        _ = check.note(arrival(1, epoch: "b"), isOneOfItsKind: true)
        #expect((check.missing, check.outOfOrder) == (0, 0))
        _ = check.note(arrival(3, epoch: "b"), isOneOfItsKind: true)
        #expect(check.missing == 1)
    }

    @Test func readingsBalanceBetweenAcknowledgedAndWhatMayHaveComeTwice() {
        func balance(_ summarized: Int) -> ReadingBalance {
            .init(acknowledged: 100, uncertain: 3, summarized: summarized)
        }
        #expect((balance(99).lost, balance(99).surplus) == (1, 0))
        #expect((balance(100).lost, balance(100).surplus) == (0, 0))
        #expect((balance(103).lost, balance(103).surplus) == (0, 0))
        #expect((balance(104).lost, balance(104).surplus) == (0, 1))
    }

    @Test func aTallyReadsWhatTheRulesSay() {
        var tally = CloudTally()
        func note(_ kind: String, _ payload: String, _ sequence: Int, marks: Bool = true) {
            let properties =
                marks
                ? [("x-epoch", "e"), ("x-lane", "l"), ("x-mid", "m\(sequence)"), ("x-seq", "\(sequence)")] : []
            tally.note(
                topic: Array("gateway/\(kind)/cpu".utf8), payload: Array(payload.utf8),
                properties: properties.map { (name: $0.0, value: $0.1) }, atSecond: 1)
        }
        note("summary", #"{"sensor":"cpu","n":12,"mean":1.0,"low":0,"high":2,"p95":2}"#, 1)
        note("summary", #"{"sensor":"cpu","n":30,"mean":1.0,"low":0,"high":2,"p95":2}"#, 2)
        let anomaly =
            #"{"type":"anomaly","sensor_id":"cpu","value":9.5,"z_score":4.1,"mean":1.0,"std":2.0,"timestamp":1000}"#
        note("anomalies", anomaly, 3)
        note("anomalies", anomaly, 3)
        note("alarms", "{}", 4)
        note("alarms", "{}", 5, marks: false)
        #expect(tally.summarized == ["cpu": 42])
        #expect(tally.anomalies == [Anomaly(sensor: "cpu", value: 9.5, score: 4.1, mean: 1, timestamp: 1_000)])
        #expect((tally.received, tally.summaries, tally.anomalyCount, tally.alarms) == (4, 2, 1, 1))
        #expect((tally.unmarked, tally.check.redelivered) == (1, 1))
    }
}
