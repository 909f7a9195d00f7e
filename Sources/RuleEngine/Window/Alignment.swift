import RuleLanguage

/// The grid on which the windows of `every D` stand. Bounds are numbered; between two of them lies a step. In UTC they
/// are the multiples of D; in a zone the first instants of its civil hours or days, so steps there differ in length, and
/// one that the clock jumps over has none.
struct Alignment {
    private let stepNanoseconds: Int64
    private let zone: TimeZoneRules?
    /// Civil time of bound 0, seconds: Monday 1970-01-05 for weeks.
    private let originSeconds: Int64

    init(stepNanoseconds: Int64, zone: TimeZoneRules?) {
        self.stepNanoseconds = stepNanoseconds
        self.zone = zone
        originSeconds = stepNanoseconds == 7 * CivilTime.nanosecondsPerDay ? 4 * 86_400 : 0
    }

    private var stepSeconds: Int64 { max(stepNanoseconds / CivilTime.nanosecondsPerSecond, 1) }

    /// The last bound at or before `time`.
    func index(of time: Int64) -> Int64 {
        guard let zone else { return CivilTime.floorDivide(time, stepNanoseconds) }
        let seconds = CivilTime.floorDivide(time, CivilTime.nanosecondsPerSecond)
        let local = seconds + zone.offsetSeconds(at: seconds)
        // A guess: the clock may have been set back over a bound, or forward over several.
        var index = CivilTime.floorDivide(local - originSeconds, stepSeconds)
        while bound(index) > time { index -= 1 }
        while bound(index + 1) <= time, bound(index + 1) < .max { index += 1 }
        return index
    }

    /// The instant of a bound, nanoseconds since the Unix epoch.
    func bound(_ index: Int64) -> Int64 {
        guard let zone else { return Alignment.product(index, stepNanoseconds) }
        let local = Alignment.product(index, stepSeconds).plus(originSeconds)
        // Beyond what nanoseconds reach it does not matter where.
        let reach = Int64.max / CivilTime.nanosecondsPerSecond + 200_000
        let instant = zone.firstInstant(ofLocal: min(max(local, -reach), reach))
        return Alignment.product(instant, CivilTime.nanosecondsPerSecond)
    }

    private static func product(_ left: Int64, _ right: Int64) -> Int64 {
        let (product, overflow) = left.multipliedReportingOverflow(by: right)
        return overflow ? (left < 0 ? .min : .max) : product
    }
}

/// A step of the grid that was just looked up: the next event mostly lies in it too.
struct AlignedStep: BitwiseCopyable {
    var index: Int64 = 0
    var start: Int64 = 0
    /// Not behind `start`: empty.
    var end: Int64 = 0
}
