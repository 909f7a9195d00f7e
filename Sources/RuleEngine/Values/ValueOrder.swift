/// Equality and order of values as the language has them.
enum ValueOrder {
    /// Whether two values that are not missing are equal. Different types are different; numbers are one type.
    static func equal(_ left: Value, _ right: Value, _ arena: Arena) -> Bool {
        if left.isNumber, right.isNumber { return compareNumbers(left, right) == 0 }
        if left.isList, right.isList { return equalLists(left, right, arena) }
        if left.isObject, right.isObject { return equalObjects(left, right, arena) }
        guard left.kind == right.kind else { return false }
        switch left.kind {
        case .boolean, .time, .duration: return left.bits == right.bits
        case .text, .bytes: return left.slice.equals(right.slice)
        case .missing, .integer, .double, .bigInteger, .list, .object, .jsonList, .jsonObject: return true
        }
    }

    /// Negative, zero or positive; nil when the two have no order.
    @inline(__always)
    static func compare(_ left: Value, _ right: Value) -> Int? {
        if left.kind == .double, right.kind == .double {
            return left.double < right.double ? -1 : left.double == right.double ? 0 : 1
        }
        if left.kind == .double, right.kind == .integer, right.integer.magnitude <= 1 << 53 {
            let other = Double(right.integer)
            return left.double < other ? -1 : left.double == other ? 0 : 1
        }
        return compareSlow(left, right)
    }

    private static func compareSlow(_ left: Value, _ right: Value) -> Int? {
        if left.isNumber, right.isNumber { return compareNumbers(left, right) }
        guard left.kind == right.kind else { return nil }
        switch left.kind {
        case .time, .duration:
            return left.integer < right.integer ? -1 : left.integer == right.integer ? 0 : 1
        case .text: return left.slice.compare(right.slice)
        case .missing, .boolean, .integer, .double, .bigInteger, .bytes, .list, .object, .jsonList, .jsonObject:
            return nil
        }
    }

    static func compareNumbers(_ left: Value, _ right: Value) -> Int {
        switch (left.kind, right.kind) {
        case (.integer, .integer):
            return left.integer < right.integer ? -1 : left.integer == right.integer ? 0 : 1
        case (.integer, .double): return compare(left.integer, right.double)
        case (.double, .integer): return -compare(right.integer, left.double)
        case (.bigInteger, .bigInteger): return compareDigits(left.slice, right.slice)
        // Beyond 64 bits: the sign decides against any integer within.
        case (.bigInteger, .integer): return left.slice[0] == UInt8(ascii: "-") ? -1 : 1
        case (.integer, .bigInteger): return right.slice[0] == UInt8(ascii: "-") ? 1 : -1
        default:
            let (first, second) = (left.asDouble, right.asDouble)
            return first < second ? -1 : first == second ? 0 : 1
        }
    }

    /// Exact, also beyond 2^53.
    static func compare(_ integer: Int64, _ double: Double) -> Int {
        if double >= 0x1p63 { return -1 }
        if double < -0x1p63 { return 1 }
        let whole = double.rounded(.towardZero)
        let other = Int64(whole)
        if integer != other { return integer < other ? -1 : 1 }
        let rest = double - whole
        return rest > 0 ? -1 : rest < 0 ? 1 : 0
    }

    private static func compareDigits(_ left: ByteSlice, _ right: ByteSlice) -> Int {
        let leftNegative = left[0] == UInt8(ascii: "-")
        let rightNegative = right[0] == UInt8(ascii: "-")
        if leftNegative != rightNegative { return leftNegative ? -1 : 1 }
        let order = left.count != right.count ? left.count - right.count : left.compare(right)
        return leftNegative ? -order : order
    }

    private static func equalLists(_ left: Value, _ right: Value, _ arena: Arena) -> Bool {
        let first = JSONTree.expand(left, arena).values
        let second = JSONTree.expand(right, arena).values
        guard first.count == second.count else { return false }
        for index in 0..<first.count where !sameParts(first[index], second[index], arena) { return false }
        return true
    }

    private static func equalObjects(_ left: Value, _ right: Value, _ arena: Arena) -> Bool {
        let first = JSONTree.expand(left, arena).values
        let second = JSONTree.expand(right, arena).values
        guard first.count == second.count else { return false }
        for index in stride(from: 0, to: first.count, by: 2) {
            guard let other = member(of: second, first[index].slice),
                sameParts(first[index + 1], other, arena)
            else { return false }
        }
        return true
    }

    private static func sameParts(_ left: Value, _ right: Value, _ arena: Arena) -> Bool {
        if left.isMissing || right.isMissing { return left.isMissing && right.isMissing }
        return equal(left, right, arena)
    }

    /// The value of the last member with this name.
    static func member(of pairs: ValueBuffer, _ name: ByteSlice) -> Value? {
        var index = pairs.count - 2
        while index >= 0 {
            if pairs[index].slice.equals(name) { return pairs[index + 1] }
            index -= 2
        }
        return nil
    }
}
