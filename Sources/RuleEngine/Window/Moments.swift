/// Count, sum and squared deviations of a run of numbers; two runs merge, none is ever taken out again, so nothing of
/// what left a window stays behind in it.
struct Moments: BitwiseCopyable, Equatable {
    private(set) var count = 0.0
    private(set) var sum = DoubleDouble(0)
    private(set) var squares = 0.0

    init() {}

    init(count: Double, sum: DoubleDouble, squares: Double) {
        self.count = count
        self.sum = sum
        self.squares = squares
    }

    /// Of `count` numbers whose differences from `reference` have these sums. The reference is one of them.
    @inline(__always)
    init(count: Double, around reference: Double, sum differences: Double, squares: Double) {
        self.count = count
        let product = count * reference
        sum = DoubleDouble(product, (-product).addingProduct(count, reference)) + differences
        self.squares = max(squares - differences * (differences / count), 0)
    }

    @inline(__always) var isEmpty: Bool { count == 0 }

    @inline(__always)
    mutating func add(_ value: Double) {
        if count > 0 {
            let difference = (sum / count).distance(to: value)
            squares += difference * difference * (count / (count + 1))
        }
        sum = sum + value
        count += 1
    }

    @inline(__always)
    func merged(_ other: Moments) -> Moments {
        if isEmpty { return other }
        if other.isEmpty { return self }
        let difference = (sum / count).distance(to: other.sum / other.count)
        var result = self
        result.count += other.count
        result.squares += other.squares + difference * difference * (count * (other.count / result.count))
        result.sum = sum + other.sum
        return result
    }

    @inline(__always)
    func adding(_ value: Double) -> Moments {
        var result = self
        result.add(value)
        return result
    }

    /// Of no values: NaN.
    @inline(__always) var mean: Double { (sum / count).value }
    @inline(__always) var variance: Double { squares / count }
    @inline(__always) var stddev: Double { variance.squareRoot() }
    var sampleVariance: Double { count < 2 ? .nan : squares / (count - 1) }

    /// `value` − mean.
    @inline(__always) func deviation(of value: Double) -> Double { (sum / count).distance(to: value) }

    func append(to bytes: inout [UInt8]) {
        bytes.append(double: count)
        bytes.append(double: sum.high)
        bytes.append(double: sum.low)
        bytes.append(double: squares)
    }

    static func read(_ reader: inout StateReader) -> Moments? {
        guard let count = reader.double(), let high = reader.double(), let low = reader.double(),
            let squares = reader.double()
        else { return nil }
        var result = Moments()
        result.count = count
        result.sum = DoubleDouble(high, low)
        result.squares = squares
        return result
    }
}

/// What a least-squares line through (event time, value) needs; merges as `Moments` do.
struct Regression: BitwiseCopyable {
    private var count = 0.0
    private var times = DoubleDouble(0)
    private var values = DoubleDouble(0)
    private var timeSquares = 0.0
    private var products = 0.0

    @inline(__always)
    mutating func add(_ time: Int64, _ value: Double) {
        let instant = DoubleDouble(time)
        if count > 0 {
            let t = (times / count).distance(to: instant)
            let x = (values / count).distance(to: value)
            let weight = count / (count + 1)
            timeSquares += t * t * weight
            products += t * x * weight
        }
        times = times + instant
        values = values + value
        count += 1
    }

    func merged(_ other: Regression) -> Regression {
        if count == 0 { return other }
        if other.count == 0 { return self }
        let t = (times / count).distance(to: other.times / other.count)
        let x = (values / count).distance(to: other.values / other.count)
        var result = self
        result.count += other.count
        let weight = count * (other.count / result.count)
        result.timeSquares += other.timeSquares + t * t * weight
        result.products += other.products + t * x * weight
        result.times = times + other.times
        result.values = values + other.values
        return result
    }

    func adding(_ time: Int64, _ value: Double) -> Regression {
        var result = self
        result.add(time, value)
        return result
    }

    /// Change per second; NaN for one instant.
    var slope: Double { timeSquares > 0 ? products / timeSquares * 1e9 : .nan }

    func append(to bytes: inout [UInt8]) {
        for part in [count, times.high, times.low, values.high, values.low, timeSquares, products] {
            bytes.append(double: part)
        }
    }

    static func read(_ reader: inout StateReader) -> Regression? {
        var parts: [Double] = []
        for _ in 0..<7 {
            guard let part = reader.double() else { return nil }
            parts.append(part)
        }
        var result = Regression()
        result.count = parts[0]
        result.times = DoubleDouble(parts[1], parts[2])
        result.values = DoubleDouble(parts[3], parts[4])
        result.timeSquares = parts[5]
        result.products = parts[6]
        return result
    }
}

/// Exponential smoothing of a run as a map of the value before it: e ↦ scale·e + shift. Runs in a row compose.
struct Smoothing: BitwiseCopyable {
    var scale = 1.0
    var shift = 0.0

    @inline(__always)
    mutating func append(_ value: Double, _ factor: Double) {
        scale *= 1 - factor
        shift = shift * (1 - factor) + factor * value
    }

    @inline(__always)
    mutating func prepend(_ value: Double, _ factor: Double) {
        shift += factor * value * scale
        scale *= 1 - factor
    }

    func followed(by other: Smoothing) -> Smoothing {
        Smoothing(scale: scale * other.scale, shift: shift * other.scale + other.shift)
    }

    func apply(_ start: Double) -> Double { scale * start + shift }
}

/// Exact sum of integers beside a note of whether there were doubles.
struct IntegerSum: BitwiseCopyable {
    var total: Int128 = 0
    var doubles = 0

    @inline(__always)
    mutating func add(_ value: Value, _ sign: Int = 1) {
        if value.kind == .integer {
            total += sign > 0 ? Int128(value.integer) : -Int128(value.integer)
        } else {
            doubles += sign
        }
    }

    /// An integer if all were and it fits, else the double `sum`.
    func result(_ sum: Double) -> Value {
        if doubles > 0 { return .finite(sum) }
        if let whole = Int64(exactly: total) { return .integer(whole) }
        return .double(Double(total))
    }
}
