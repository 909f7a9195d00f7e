/// What kinds of value an expression can have, as far as the checker knows. Missing is always possible and not a kind.
struct ValueKinds: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    static let boolean = ValueKinds(rawValue: 1)
    static let number = ValueKinds(rawValue: 2)
    static let text = ValueKinds(rawValue: 4)
    static let time = ValueKinds(rawValue: 8)
    static let duration = ValueKinds(rawValue: 16)
    static let bytes = ValueKinds(rawValue: 32)
    static let list = ValueKinds(rawValue: 64)
    static let object = ValueKinds(rawValue: 128)

    /// Nothing is known.
    static let any = ValueKinds(rawValue: 255)
    /// What a JSON document holds.
    static let json: ValueKinds = [.boolean, .number, .text, .list, .object]
    /// What `<` orders.
    static let ordered: ValueKinds = [.number, .text, .time, .duration]

    private static let names: [(kind: ValueKinds, one: String, many: String)] = [
        (.boolean, "a boolean", "booleans"), (.number, "a number", "numbers"), (.text, "a text", "texts"),
        (.time, "a time", "times"), (.duration, "a duration", "durations"), (.bytes, "bytes", "bytes"),
        (.list, "a list", "lists"), (.object, "an object", "objects"),
    ]

    static let single: [ValueKinds] = names.map(\.kind)

    /// "a number or a text".
    var described: String { joined(Self.names.filter { contains($0.kind) }.map(\.one)) }
    /// "numbers or texts".
    var plural: String { joined(Self.names.filter { contains($0.kind) }.map(\.many)) }

    private func joined(_ words: [String]) -> String {
        guard let last = words.last else { return "nothing" }
        return words.count == 1 ? last : words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// What `left operator right` can give; empty: always missing.
    static func result(of symbol: ArithmeticOperator, _ left: ValueKinds, _ right: ValueKinds) -> ValueKinds {
        var result: ValueKinds = []
        for first in single where left.contains(first) {
            for second in single where right.contains(second) { result.formUnion(pair(symbol, first, second)) }
        }
        return result
    }

    private static func pair(_ symbol: ArithmeticOperator, _ left: ValueKinds, _ right: ValueKinds) -> ValueKinds {
        switch (symbol, left, right) {
        case (_, .number, .number): .number
        case (.add, .time, .duration), (.add, .duration, .time), (.subtract, .time, .duration): .time
        case (.subtract, .time, .time), (.add, .duration, .duration), (.subtract, .duration, .duration): .duration
        case (.multiply, .duration, .number), (.multiply, .number, .duration), (.divide, .duration, .number): .duration
        case (.divide, .duration, .duration): .number
        default: []
        }
    }
}
