/// State of rules by group, and the inputs that are not yet in it.
final class RuleTables {
    private let addInputs, deleteInputs, putGroup, deleteGroup, deleteGroups: SQLiteStatement

    init(_ connection: SQLiteConnection) throws(LedgerError) {
        addInputs = try connection.prepare("INSERT INTO rule_inputs(inputs) VALUES (?)")
        deleteInputs = try connection.prepare("DELETE FROM rule_inputs")
        putGroup = try connection.prepare(
            """
            INSERT INTO rule_state(rule, key, state) VALUES (?, ?, ?)
            ON CONFLICT(rule, key) DO UPDATE SET state = excluded.state
            """)
        deleteGroup = try connection.prepare("DELETE FROM rule_state WHERE rule = ? AND key = ?")
        deleteGroups = try connection.prepare("DELETE FROM rule_state")
    }

    func append(_ inputs: [UInt8]) throws(LedgerError) {
        addInputs.bind(1, inputs)
        try addInputs.run()
    }

    /// Every row of inputs that is there was submitted before the snapshot: there is one order of operations.
    func apply(_ snapshot: RuleSnapshot) throws(LedgerError) {
        if snapshot.replacesAll { try deleteGroups.run() }
        for group in snapshot.groups {
            if let state = group.state {
                putGroup.bind(1, group.rule)
                putGroup.bind(2, group.key)
                putGroup.bind(3, state)
                try putGroup.run()
            } else {
                deleteGroup.bind(1, group.rule)
                deleteGroup.bind(2, group.key)
                try deleteGroup.run()
            }
        }
        try deleteInputs.run()
    }
}
