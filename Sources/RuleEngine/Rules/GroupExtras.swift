/// What only some groups have. Made when there is something to keep.
final class GroupExtras {
    /// Values of the `by` expressions, where the group's key does not tell them exactly.
    var keyValues: [StoredValue] = []
    /// The key of a group that is in no table any more, and is still waited for.
    var keyOfGone: [UInt8] = []
    /// Of `limit`.
    var period = Period()
    /// Evaluations that wait for a model.
    var waiting = 0
    /// In the order of the program's.
    var baselines: [Baseline] = []
    /// Of `every D over L`: windows up to this end are over.
    var hopsDone = Int64.min
    @exclusivity(unchecked) @safe var alarm: Alarm?
    /// The value of each history at the event before; nil: there was none.
    var histories: [StoredValue?] = []
}

extension Group {
    private var added: GroupExtras {
        if let extras { return extras }
        let made = GroupExtras()
        extras = made
        return made
    }

    @inline(__always)
    var alarm: Alarm? {
        get { extras?.alarm }
        set { if newValue != nil || extras != nil { added.alarm = newValue } }
    }

    var baselines: [Baseline] {
        get { extras?.baselines ?? [] }
        set { if !newValue.isEmpty || extras != nil { added.baselines = newValue } }
    }

    var waiting: Int {
        get { extras?.waiting ?? 0 }
        set { if newValue != 0 || extras != nil { added.waiting = newValue } }
    }

    var histories: [StoredValue?] {
        get { extras?.histories ?? [] }
        set { if !newValue.isEmpty || extras != nil { added.histories = newValue } }
    }

    /// Keeps the value of a history for the next event.
    func remember(_ history: Int, _ value: StoredValue) { extras?.histories[history] = value }

    var hopsDone: Int64 {
        get { extras?.hopsDone ?? .min }
        set { if newValue != .min || extras != nil { added.hopsDone = newValue } }
    }

    var period: Period {
        get { extras?.period ?? Period() }
        set { if newValue.start != nil || extras != nil { added.period = newValue } }
    }

    func keep(keyOfGone: [UInt8]) { added.keyOfGone = keyOfGone }

    /// Keeps the values of the `by` expressions; those that the key holds as they are take nothing.
    func keep(keyValues: [StoredValue], _ key: ByteSlice) {
        if keyValues.isEmpty { return }
        var bytes: [UInt8] = []
        for value in keyValues { value.append(to: &bytes) }
        if !key.equals(bytes) { added.keyValues = keyValues }
    }

    /// Values of the `by` expressions, usable until the arena is released.
    func keyValues(_ key: [UInt8], _ arena: Arena) -> [Value] {
        if let kept = extras?.keyValues, !kept.isEmpty { return kept.map { $0.load(arena) } }
        var values: [Value] = []
        unsafe key.withUnsafeBytes { buffer in
            var reader = unsafe StateReader(ByteSlice(buffer))
            while !reader.isAtEnd, let value = ValueCodec.read(&reader, arena) { values.append(value) }
        }
        return values
    }
}
