/// An unevaluated sum of two doubles: about 106 bits. Enough to keep means of values like 1e9 ± 1e-3 exact to the
/// digits
/// that their deviations need.
struct DoubleDouble: BitwiseCopyable, Equatable {
    var high: Double
    var low: Double

    @inline(__always) init(_ high: Double, _ low: Double = 0) {
        self.high = high
        self.low = low
    }

    /// Exact.
    init(_ integer: Int64) {
        let high = Double(integer)
        // 2^63 itself does not fit back.
        self.init(high, high >= 0x1p63 ? Double(integer &- .max) - 1 : Double(integer &- Int64(high)))
    }

    @inline(__always)
    static func + (left: DoubleDouble, right: Double) -> DoubleDouble {
        let sum = left.high + right
        let part = sum - left.high
        let lost = (left.high - (sum - part)) + (right - part) + left.low
        let high = sum + lost
        return DoubleDouble(high, lost - (high - sum))
    }

    @inline(__always)
    static func + (left: DoubleDouble, right: DoubleDouble) -> DoubleDouble {
        let sum = left.high + right.high
        let part = sum - left.high
        let lost = (left.high - (sum - part)) + (right.high - part) + (left.low + right.low)
        let high = sum + lost
        return DoubleDouble(high, lost - (high - sum))
    }

    /// The quotient by a count.
    @inline(__always)
    static func / (left: DoubleDouble, count: Double) -> DoubleDouble {
        let quotient = left.high / count
        let rest = left.high.addingProduct(-quotient, count) + left.low
        return DoubleDouble(quotient, rest / count)
    }

    /// `value` − self, rounded once.
    @inline(__always)
    func distance(to value: Double) -> Double {
        let difference = value - high
        let part = difference - value
        let lost = (value - (difference - part)) - (high + part)
        return difference + (lost - low)
    }

    @inline(__always)
    func distance(to value: DoubleDouble) -> Double {
        let difference = value.high - high
        let part = difference - value.high
        let lost = (value.high - (difference - part)) - (high + part)
        return difference + (lost + (value.low - low))
    }

    @inline(__always) var value: Double { high + low }
}
