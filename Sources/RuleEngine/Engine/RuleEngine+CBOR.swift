/// Sources `as cbor`.
extension RuleEngine {
    /// What was found in a payload for the rules that read it as CBOR.
    struct CBORScan {
        var slots: ValueBuffer
        var fault: CBORFault?
    }

    /// Nil when no rule of the binding reads CBOR.
    @inline(__always)
    func scanCBOR(_ message: EvaluationContext, _ binding: RuleBinding) -> CBORScan? {
        binding.usesCBOR ? scanCBORSlow(message, binding) : nil
    }

    private func scanCBORSlow(_ message: EvaluationContext, _ binding: RuleBinding) -> CBORScan {
        var scan = CBORScan(slots: arena.values(binding.cborSlotCount))
        do throws(CBORFault) {
            try CBORScanner.scan(message.payload, binding.cborTrieView, into: scan.slots, arena)
        } catch {
            scan.fault = error
        }
        return scan
    }

    /// Fills the registers from the payload; false when it does not decode.
    func decodeCBOR(
        _ entry: RuleBinding.Entry, _ rule: RuleRuntime, _ scan: CBORScan?, _ emission: Emission,
        _ outputs: inout [RuleOutput]
    ) -> Bool {
        guard let scan else { return false }
        if let fault = scan.fault {
            rule.decodeError("\(fault.reason.text)", fault.offset, emission, &outputs)
            return false
        }
        return fill(entry, rule, scan.slots, emission, &outputs)
    }
}
