/// A `test` block, checked.
package struct TestPlan: Sendable {
    package enum Body: Sendable {
        case none
        case object([ObjectMember])
        case payload(Expression)
    }
    package enum Instant: Sendable, Equatable {
        /// From the start of the test.
        case after(nanoseconds: Int64)
        /// RFC 3339, not read yet.
        case text(String)
    }
    package enum Action: Sendable {
        case send(times: Int, topic: String, body: Body, everyNanoseconds: Int64?, at: Instant?)
        case wait(nanoseconds: Int64)
        case expectNothing
        /// `.none`: any payload.
        case expect(times: Int, topic: String, body: Body)
    }
    package struct Step: Sendable {
        package var action: Action
        package var place: SourcePlace
    }

    package var name: String
    package var place: SourcePlace
    package var steps: [Step]
    /// The rules of the test's file, in `RuleSetPlan.rules`.
    package var rules: Range<Int>
}
