import RuleLanguage

/// Which fields of a rule no event had so far, and which names its payloads have instead. Once every field was seen
/// (`unseen` is 0) an event costs one comparison.
struct FieldWatch {
    /// Payloads that are looked through for names, and names that are kept.
    private static let samplesMax = 64
    private static let namesMax = 256
    private static let depthMax = 4

    /// A bit for each of the first 64 paths of the rule.
    private(set) var unseen: UInt64
    private var samplesLeft = FieldWatch.samplesMax
    /// Fields that occur, as an author writes them.
    private(set) var names: Set<String> = []

    init(pathCount: Int) { unseen = pathCount >= 64 ? .max : (1 << UInt64(pathCount)) - 1 }

    /// Looks at the event that stands in the rule's registers.
    mutating func note(_ machine: ProgramMachine) {
        var rest = unseen
        while rest != 0 {
            let slot = rest.trailingZeroBitCount
            rest &= rest - 1
            if !machine.registers[machine.layout.paths + slot].isMissing { unseen &= ~(1 << UInt64(slot)) }
        }
        guard unseen != 0, samplesLeft > 0 else { return }
        samplesLeft -= 1
        var index = 0
        guard let root = try? JSONTree.part(machine.context.payload, &index, machine.arena) else { return }
        gather(root, PayloadPath(steps: []), machine.arena)
    }

    private mutating func gather(_ value: Value, _ path: PayloadPath, _ arena: Arena) {
        guard value.kind == .jsonObject, path.steps.count < FieldWatch.depthMax else { return }
        var members: [(String, Value)] = []
        try? JSONTree.forEachMember(value.slice, arena) { members.append(($0.string, $1)) }
        for (name, member) in members where names.count < FieldWatch.namesMax {
            let inner = PayloadPath(steps: path.steps + [.member(name)])
            if !member.isMissing { names.insert(ExpressionText.text(inner)) }
            gather(member, inner, arena)
        }
    }
}
