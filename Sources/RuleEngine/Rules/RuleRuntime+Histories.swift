import RuleLanguage

/// `previous`, `delta` and `changed` go by the rule's `by` or else by its captures. A window without `by` is one group
/// for all captures, so there the histories lie in groups of their own, beside the window's, whose key is empty.
extension RuleRuntime {
    /// The group that remembers the histories of the captures at hand, made if it is new.
    func findHistories(_ emission: Emission, _ outputs: inout [RuleOutput]) -> Group {
        keyBytes.removeAll(keepingCapacity: true)
        appendCaptures()
        let group = unsafe keyBytes.withUnsafeBytes { unsafe find(ByteSlice($0), emission, &outputs) }
        group.lastUsed = eventNumber
        markDirty(group)
        return group
    }

    func appendCaptures() {
        for capture in 0..<plan.captures.count {
            ValueCodec.append(key: machine.registers[capture], to: &keyBytes, machine.arena)
        }
    }

    /// Whether groups with a key, or without, have nothing but histories.
    func holdsHistoriesOnly(hasKey: Bool) -> Bool { historiesByCaptures && hasKey }
}
