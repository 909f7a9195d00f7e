/// Decimal to binary without the library where the result is provably the nearest double.
enum DecimalConversion {
    /// 10^0…10^6 as doubles.
    static let smallPowers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6]

    /// 10^n for n in 0…22: exact.
    @inline(__always)
    static func power(_ n: Int) -> Double {
        switch n {
        case 0: 1
        case 1: 1e1
        case 2: 1e2
        case 3: 1e3
        case 4: 1e4
        case 5: 1e5
        case 6: 1e6
        case 7: 1e7
        case 8: 1e8
        case 9: 1e9
        case 10: 1e10
        case 11: 1e11
        case 12: 1e12
        case 13: 1e13
        case 14: 1e14
        case 15: 1e15
        case 16: 1e16
        case 17: 1e17
        case 18: 1e18
        case 19: 1e19
        case 20: 1e20
        case 21: 1e21
        default: 1e22
        }
    }

    /// mantissa · 10^exponent, correctly rounded, or nil when this cannot be decided here.
    @inline(__always)
    static func exact(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        if mantissa == 0 { return 0 }
        guard exponent >= -22, exponent <= 22 else { return nil }
        if mantissa <= 1 << 53 {
            let value = Double(mantissa)
            return exponent < 0 ? value / power(-exponent) : value * power(exponent)
        }
        return rounded(mantissa, exponent)
    }

    /// The same for mantissas beyond 53 bits: the quotient or product with twice the precision; nil in the rare case
    /// that the rest is too near to the middle between two doubles.
    private static func rounded(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        guard mantissa <= 1 << 63 else { return nil }
        let high = Double(mantissa)
        let low = Double(Int64(bitPattern: mantissa) &- Int64(bitPattern: UInt64(high)))
        let value: Double
        let rest: Double
        if exponent < 0 {
            let scale = power(-exponent)
            value = high / scale
            rest = (high.addingProduct(-value, scale) + low) / scale
        } else {
            let scale = power(exponent)
            value = high * scale
            rest = (-value).addingProduct(high, scale) + low * scale
        }
        let margin = value * 0x1p-96 + rest.magnitude * 0x1p-48
        let upper = value + (rest + margin)
        let lower = value + (rest - margin)
        return upper == lower ? upper : nil
    }
}
