/// Every bound on the text of rules, in one place. Reaching one is a diagnostic, never a trap.
package enum RuleLimits {
    /// Bytes of one file.
    package static let fileBytesMax = 1 << 20
    /// Rules of one set, over all its files.
    package static let ruleCountMax = 10_000
    /// Brackets, calls, `if`s and texts inside one another.
    package static let nestingMax = 64
    /// Height of one expression's tree; also the number of operands in a chain such as `a or b or c …`.
    package static let expressionDepthMax = 200
    /// Nodes of one file-scope constant after the constants that it names are put in.
    package static let constantNodesMax = 1_000
    /// Nodes that constants bring into one rule.
    package static let inlinedNodesMax = 100_000
    /// Diagnostics kept of one run; what is beyond is summed up in one more.
    package static let diagnosticsMax = 200
    /// Events of `window last N` and `every N events`.
    package static let windowEventsMax = 1_000_000
    /// Steps in the length of `every … over …`: each is kept for itself.
    package static let windowStepsMax: Int64 = 10_000
    /// Publications in one period of `limit`.
    package static let limitCountMax = 1_000_000
    /// Bytes of a topic or filter (MQTT 5.0, 4.7.3) and its levels.
    package static let topicBytesMax = 65_535
    package static let topicLevelsMax = 128
    /// Bytes of one table file and of all files of a set, rows and columns of one table.
    package static let tableBytesMax = 16 << 20
    package static let tableSetBytesMax = 64 << 20
    package static let tableRowsMax = 100_000
    package static let tableColumnsMax = 256
    /// Inputs and outputs of one model, numbers in one row of one of them.
    package static let modelInputsMax = 64
    package static let modelOutputsMax = 64
    package static let modelRowElementsMax = 1 << 20
    /// Bytes of the name of one of them.
    package static let modelNameBytesMax = 256
    /// Different calls of models in one rule.
    package static let modelCallsMax = 64
    /// Columns of a source line that a diagnostic shows.
    static let excerptColumnsMax = 160
    /// Assignments that the proof of one condition tries, and steps it takes in all.
    static let proofAssignmentsMax = 4_096
    static let proofStepsMax = 200_000
    /// Steps of the search for loops: levels walked, rules reached, pairs of bytes compared.
    static let loopStepsMax = 10_000_000
    /// Digits after the point of a duration: what full-width arithmetic takes.
    static let durationFractionDigitsMax = 18
}
