import RuleLanguage

/// The functions of values alone. Arguments are never missing here; nil means a type that does not fit.
enum Functions {
    static func call(_ function: Function, _ arguments: ValueBuffer, _ arena: Arena) -> Value? {
        let x = arguments[0]
        switch function {
        case .abs, .ceil, .floor, .sign, .round: return rounding(function, arguments)
        case .sqrt, .exp, .ln, .log10, .sin, .cos, .tan: return x.isNumber ? real(function, x.asDouble) : nil
        case .pow:
            guard x.isNumber, arguments[1].isNumber else { return nil }
            return .finite(RealFunctions.pow(x.asDouble, arguments[1].asDouble))
        case .least: return extreme(arguments) { $0 < 0 }
        case .greatest: return extreme(arguments) { $0 > 0 }
        case .clamp:
            guard let low = ValueOrder.compare(x, arguments[1]), let high = ValueOrder.compare(x, arguments[2]) else {
                return nil
            }
            return low < 0 ? arguments[1] : high > 0 ? arguments[2] : x
        case .exists: return .boolean(true)
        case .length, .lower, .upper, .trim, .contains, .startsWith, .endsWith, .substring, .split:
            return TextFunctions.call(function, arguments, arena)
        case .number, .text, .boolean: return convert(function, x, arena)
        case .hour: return x.kind == .time ? .integer(CivilTime.hour(x.integer)) : nil
        case .weekday: return x.kind == .time ? .integer(CivilTime.weekday(x.integer)) : nil
        case .error: return squaredError(x, arguments[1], arena)
        }
    }

    private static func real(_ function: Function, _ x: Double) -> Value {
        switch function {
        case .sqrt: .finite(x.squareRoot())
        case .exp: .finite(RealFunctions.exp(x))
        case .ln: .finite(RealFunctions.ln(x))
        case .log10: .finite(RealFunctions.log10(x))
        case .sin: .finite(RealFunctions.sin(x))
        case .cos: .finite(RealFunctions.cos(x))
        default: .finite(RealFunctions.tan(x))
        }
    }

    private static func rounding(_ function: Function, _ arguments: ValueBuffer) -> Value? {
        let x = arguments[0]
        if case .abs = function { return magnitude(x) }
        guard x.isNumber else { return nil }
        if case .round = function {
            var digits: Int64 = 0
            if arguments.count > 1 {
                guard arguments[1].isNumber else { return nil }
                guard let whole = Int64(exactly: arguments[1].asDouble), (-15...15).contains(whole) else {
                    return .missing
                }
                digits = whole
            }
            return Rounding.round(x, Int(digits))
        }
        guard x.kind == .double else {
            guard case .sign = function else { return x }
            return .integer(ValueOrder.compareNumbers(x, .integer(0)).signum().int64)
        }
        switch function {
        case .ceil: return .double(x.double.rounded(.up))
        case .floor: return .double(x.double.rounded(.down))
        default: return .double(x.double > 0 ? 1 : x.double < 0 ? -1 : 0)
        }
    }

    private static func magnitude(_ x: Value) -> Value? {
        switch x.kind {
        case .integer: x.integer == .min ? .double(0x1p63) : .integer(Swift.abs(x.integer))
        case .double: .double(x.double.magnitude)
        case .bigInteger:
            x.slice[0] == UInt8(ascii: "-") ? .bigInteger(x.slice.slice(1, x.slice.count)) : x
        case .duration: x.integer == .min ? .missing : .duration(Swift.abs(x.integer))
        case .missing, .boolean, .text, .time, .bytes, .list, .object, .jsonList, .jsonObject: nil
        }
    }

    private static func extreme(_ arguments: ValueBuffer, _ isBetter: (Int) -> Bool) -> Value? {
        var best = arguments[0]
        if arguments.count == 1 { return ValueOrder.compare(best, best) == nil ? nil : best }
        for index in 1..<arguments.count {
            guard let order = ValueOrder.compare(arguments[index], best) else { return nil }
            if isBetter(order) { best = arguments[index] }
        }
        return best
    }

    private static func convert(_ function: Function, _ x: Value, _ arena: Arena) -> Value? {
        switch (function, x.kind) {
        case (.number, .integer), (.number, .double), (.number, .bigInteger), (.boolean, .boolean), (.text, .text):
            return x
        case (.number, .text): return NumberText.number(x.slice) ?? .missing
        case (.number, .time): return .integer(CivilTime.milliseconds(x.integer))
        case (.number, .duration): return .double(Double(x.integer) / 1e9)
        case (.boolean, .text):
            if x.slice.equals(Array("true".utf8)) { return .boolean(true) }
            return x.slice.equals(Array("false".utf8)) ? .boolean(false) : .missing
        case (.text, .bytes): return UTF8Check.firstFault(x.slice) == nil ? .text(x.slice) : .missing
        case (.text, _):
            var bytes: [UInt8] = []
            JSONWriter.append(x, to: &bytes)
            return .text(arena.copy(bytes))
        default: return .missing
        }
    }

    /// The mean squared difference of two lists of numbers.
    private static func squaredError(_ left: Value, _ right: Value, _ arena: Arena) -> Value? {
        guard left.isList, right.isList else { return nil }
        let first = JSONTree.expand(left, arena).values
        let second = JSONTree.expand(right, arena).values
        guard first.count == second.count, first.count > 0 else { return .missing }
        var sum = 0.0
        for index in 0..<first.count {
            guard first[index].isNumber, second[index].isNumber else {
                return first[index].isMissing || second[index].isMissing ? .missing : nil
            }
            let difference = first[index].asDouble - second[index].asDouble
            sum += difference * difference
        }
        return .finite(sum / Double(first.count))
    }
}

extension Int {
    fileprivate var int64: Int64 { Int64(self) }
}

/// `round`: half away from zero, on the exact value of the double.
enum Rounding {
    static func round(_ x: Value, _ digits: Int) -> Value {
        switch x.kind {
        case .integer: digits >= 0 ? x : integer(x.integer, -digits)
        case .bigInteger: digits >= 0 ? x : .finite(double(x.asDouble, digits))
        default: .finite(double(x.double, digits))
        }
    }

    private static func integer(_ value: Int64, _ places: Int) -> Value {
        var scale: UInt64 = 1
        for _ in 0..<places { scale *= 10 }
        let rest = value.magnitude % scale
        let down = value.magnitude - rest
        let magnitude = rest >= scale - rest ? down + scale : down
        if magnitude <= UInt64(Int64.max) {
            return .integer(value < 0 ? -Int64(magnitude) : Int64(magnitude))
        }
        return .double(value < 0 ? -Double(magnitude) : Double(magnitude))
    }

    private static func double(_ value: Double, _ digits: Int) -> Double {
        if digits == 0 { return value.rounded(.toNearestOrAwayFromZero) }
        let magnitude = value.magnitude
        let scale = DecimalConversion.power(Swift.abs(digits))
        let scaled = digits > 0 ? magnitude * scale : magnitude / scale
        // Where doubles are no finer than the grid there is nothing to round.
        guard scaled < 0x1p53 else { return value }
        let whole = scaled.rounded(.down)
        let fraction = scaled - whole
        // What the product or quotient lost, with the right sign: decides only the exact middle.
        let lost = digits > 0 ? (-scaled).addingProduct(magnitude, scale) : magnitude.addingProduct(-scaled, scale)
        let up = fraction > 0.5 || (fraction == 0.5 && lost >= 0)
        let rounded = up ? whole + 1 : whole
        let result = digits > 0 ? rounded / scale : rounded * scale
        return value < 0 ? -result : result
    }
}
