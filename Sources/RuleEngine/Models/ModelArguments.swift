import RuleLanguage

/// Turns values of the language into the elements of a model's input.
enum ModelArguments {
    /// Appends one value, lists flattened; false when something is missing, of another kind, or out of range. At most
    /// `room` elements are appended; `room` is what is left.
    static func append(
        _ value: Value, as element: ModelSignature.Element, room: inout Int, to row: inout [UInt8], _ arena: Arena
    ) -> Bool {
        if value.kind == .jsonList {
            var fits = true
            JSONTree.visitElements(value, arena) { part in
                fits = append(part, as: element, room: &room, to: &row, arena)
                return fits
            }
            return fits
        }
        if value.isList {
            let values = value.values
            guard values.count <= room else { return false }
            for index in 0..<values.count {
                guard append(values[index], as: element, room: &room, to: &row, arena) else { return false }
            }
            return true
        }
        guard room > 0 else { return false }
        room -= 1
        switch element {
        case .float32: return value.isNumber && append(float: Float(value.asDouble), to: &row)
        case .float64:
            guard value.isNumber else { return false }
            row.append(double: value.asDouble)
        case .int64:
            guard let whole = whole(value) else { return false }
            row.append(integer: whole)
        case .int32:
            guard let whole = whole(value).flatMap({ Int32(exactly: $0) }) else { return false }
            unsafe Swift.withUnsafeBytes(of: whole) { unsafe row.append(contentsOf: $0) }
        case .int8:
            guard let whole = whole(value).flatMap({ Int8(exactly: $0) }) else { return false }
            row.append(UInt8(bitPattern: whole))
        case .uint8:
            guard let whole = whole(value).flatMap({ UInt8(exactly: $0) }) else { return false }
            row.append(whole)
        case .boolean:
            if value.kind == .boolean {
                row.append(value.isTrue ? 1 : 0)
            } else {
                guard let whole = whole(value), whole == 0 || whole == 1 else { return false }
                row.append(whole == 1 ? 1 : 0)
            }
        case .text: return false
        }
        return true
    }

    private static func append(float: Float, to row: inout [UInt8]) -> Bool {
        guard float.isFinite else { return false }
        unsafe Swift.withUnsafeBytes(of: float) { unsafe row.append(contentsOf: $0) }
        return true
    }

    private static func whole(_ value: Value) -> Int64? {
        switch value.kind {
        case .integer: value.integer
        case .double: Int64(exactly: value.double)
        default: nil
        }
    }
}
