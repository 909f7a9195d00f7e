package import RuleLanguage

/// Runs the rules of one plan over messages and time. Pure: the clock comes with the messages and with `advance`,
/// effects
/// leave as outputs. The same inputs give the same outputs, to the byte, also over a snapshot and restore.
/// Confined to one thread.
package final class RuleEngine {
    /// Names for ids, and the bounds of everything that grows.
    package struct Options: Sendable {
        package var node: String
        package var epoch: String
        /// Groups of one rule; beyond, the group idle longest is dropped and counted.
        package var groupsMax = 100_000
        /// Values that a window keeps of one group and argument; beyond, the oldest goes early and is counted.
        package var windowValuesMax = 1_000_000
        /// Windows of one group that are open at one time.
        package var openWindowsMax = 10_000
        /// Rules that take each other's messages, one within the other.
        package var cascadeDepthMax = 16
        /// Bytes of one published payload.
        package var payloadBytesMax = 16 << 20
        /// Topics of rules' own messages whose bindings are kept.
        package var bindingCacheMax = 4_096
        /// Payloads that `latest` keeps, of all topics; beyond, the topic idle longest goes and is counted. Of topics
        /// it keeps `groupsMax`.
        package var latestBytesMax = 64 << 20

        package init(node: String, epoch: String, groupsMax: Int = 100_000) {
            self.node = node
            self.epoch = epoch
            self.groupsMax = max(groupsMax, 1)
            idPrefix = Array("\(node)/\(epoch)/".utf8)
        }

        /// Events and evaluations of one rule that wait for models, and the bytes they hold; beyond, the one that waits
        /// longest goes on without its result and is counted.
        package var waitingMax = 100_000
        package var waitingBytesMax = 256 << 20

        let idPrefix: [UInt8]
    }

    let options: Options
    let arena = Arena()
    var rules: [RuleRuntime] = []
    @exclusivity(unchecked) @safe var clock: Int64
    /// Messages taken so far, those of rules included.
    @exclusivity(unchecked) @safe var messageCount: UInt64 = 0
    @exclusivity(unchecked) @safe var timers = TimerQueue()
    var ticketCount: UInt64 = 0
    @exclusivity(unchecked) @safe var generation: UInt64 = 0
    var ownBindings = KeyTable<KnownBinding>()
    /// Group states that `restore` could not use.
    package internal(set) var restoreSkipped = 0
    /// Group states that `restore` found damaged.
    package internal(set) var restoreDamaged = 0
    /// Numbers up to this were used by rules that are gone.
    var retiredFloor: UInt64 = 0
    var goneStates: [RuleGroupState] = []
    let latest: LatestMessages
    /// The models that rules call; their places stay until a reload.
    package internal(set) var models: [ModelPlan] = []
    /// Runs calls on this thread at once; nil: they are put into `takeBatches`, and `answer` takes their results.
    package var runner: (any ModelRunner)?
    /// Number of the newest thing that waited for a model: tickets of all rules differ, also over a reload.
    var waitingNumber: UInt64 = 0
    @exclusivity(unchecked) @safe var batches: [ModelBatch] = []
    @exclusivity(unchecked) @safe var rowScratch: [UInt8] = []
    @exclusivity(unchecked) @safe var resultScratch: [UInt8] = []
    @exclusivity(unchecked) @safe var isEngineDirty = true

    /// An engine with empty state at the given clock.
    package init(_ plan: RuleSetPlan, options: Options, clockNanoseconds: Int64) throws(RuleEngineError) {
        self.options = options
        clock = clockNanoseconds
        latest = LatestMessages(topicsMax: options.groupsMax, bytesMax: options.latestBytesMax)
        let tables = RuleTables()
        for (index, rule) in plan.rules.enumerated() {
            rules.append(try RuleRuntime(rule, index: index, limits: options, arena: arena, tables: tables))
        }
        for rule in rules { rule.machine.latest = latest }
        numberModels()
        for rule in rules { rule.watchTable(from: clock) }
        rescheduleAll()
    }

    /// The clock, nanoseconds since the Unix epoch.
    package var clockNanoseconds: Int64 { clock }

    package var counters: [RuleCounters] { rules.map(\.currentCounters) }

    /// Which rules take messages of this topic, with capture values; nil when none. The caller keeps it per topic; it
    /// is
    /// valid until `reload`.
    package func binding(forTopic topic: UnsafeRawBufferPointer) -> RuleBinding? {
        unsafe makeBinding(ByteSlice(topic))
    }

    func makeBinding(_ topic: ByteSlice) -> RuleBinding? {
        var found: [(rule: RuleRuntime, source: SourcePlan, captures: [Range<Int>])] = []
        for rule in rules {
            for source in rule.plan.sources {
                if let captures = SourceMatch.match(source, topic, captureCount: rule.plan.captures.count) {
                    found.append((rule, source, captures))
                    break
                }
            }
        }
        let isLatest = isWanted(topic)
        guard isLatest || !found.isEmpty else { return nil }
        return RuleBinding(found, topic: topic, isLatest: isLatest, generation: generation)
    }

    /// Moves the clock to the message's arrival (never back), runs the timers that are due, then takes the event.
    /// Outputs
    /// are appended in order.
    package func process(_ input: borrowing RuleInput, _ binding: RuleBinding, into outputs: inout [RuleOutput]) {
        advance(toNanoseconds: max(input.arrivalNanoseconds, clock), into: &outputs)
        let mark = arena.mark
        var message = EvaluationContext()
        message.topic = unsafe ByteSlice(input.topic)
        message.payload = unsafe ByteSlice(input.payload)
        message.properties = unsafe ByteSlice(input.properties)
        message.qos = input.qos
        message.retained = input.retained
        message.arrival = clock
        if binding.usesClient, let client = input.client { message.client = .text(arena.copy(Array(client.utf8))) }
        dispatch(message, current(binding, message.topic), 0, &outputs)
        latest.settle()
        arena.release(mark)
    }

    /// A binding from before a reload is made anew.
    private func current(_ binding: RuleBinding, _ topic: ByteSlice) -> RuleBinding? {
        binding.generation == generation ? binding : makeBinding(topic)
    }

    // MARK: Time

    /// Moves the clock (never back) and runs what is due until then.
    ///
    /// `endsInstant` says that no message of that instant follows: `session` and `silent` that are due at it run too.
    package func advance(
        toNanoseconds target: Int64, endsInstant: Bool = false, into outputs: inout [RuleOutput]
    ) {
        while let timer = timers.first,
            timer.phase == 0 || endsInstant ? timer.instant <= target : timer.instant < target
        {
            fire(timer, &outputs)
        }
        if target > clock { clock = target }
        isEngineDirty = true
    }

    /// When `advance` has something to do; nil: never. May be early, never late.
    package var nextTimerNanoseconds: Int64? { timers.next }

    /// Lets time run on until no timer is left: the end of a replay.
    package func drain(into outputs: inout [RuleOutput]) {
        while let timer = timers.first { fire(timer, &outputs) }
        isEngineDirty = true
    }

    private func fire(_ timer: TimerQueue.Timer, _ outputs: inout [RuleOutput]) {
        timers.removeFirst()
        guard Int(timer.rule) < rules.count else { return }
        let rule = rules[Int(timer.rule)]
        guard let group = group(of: timer, rule) else { return }
        if rule.callsModels {
            makeRoom(rule, &outputs)
            if rule.holds(group, timer.instant) { return }
        }
        guard let due = rule.nextDue(group) else { return }
        let instant = group.instant(of: due.end, late: rule.late)
        let phase: UInt8 = due.mustPass ? 1 : 0
        if instant > timer.instant || (instant == timer.instant && phase > timer.phase) || due.end != timer.end {
            schedule(rule, group)
            return
        }
        clock = max(clock, timer.instant)
        let mark = arena.mark
        if rule.hasOwnTimes, let mark = group.watermark(at: clock, late: rule.late) {
            group.closedThrough = max(group.closedThrough, mark)
        }
        rule.machine.context = EvaluationContext()
        rule.machine.context.now = max(timer.instant, .min)
        rule.isRunning = true
        rule.run(due, group, Emission(engine: self, depth: 0), &outputs)
        rule.isRunning = false
        latest.settle()
        arena.release(mark)
        schedule(rule, group)
    }

    /// The group that a timer was for; nil: it is stale.
    private func group(of timer: TimerQueue.Timer, _ rule: RuleRuntime) -> Group? {
        if rule.isOnGrid { return nextOnGrid(rule, timer) }
        guard let group = rule.groups[Int(timer.slot)] as? TimedGroup, group.ticket == timer.ticket else { return nil }
        group.scheduled = nil
        return group
    }

    /// Sees to it that the group's next timer is in the queue.
    @inline(__always)
    func schedule(_ rule: RuleRuntime, _ group: Group) {
        if rule.isOnGrid, rule.grid.covers(group.slot, through: rule.alignedStep.end) { return }
        if !group.hasPanes, group.alarm == nil { return }
        scheduleSlow(rule, group)
    }

    private func scheduleSlow(_ rule: RuleRuntime, _ group: Group) {
        guard group.isAlive, let due = rule.nextDue(group) else { return }
        if rule.isOnGrid {
            scheduleOnGrid(rule, group, due.end)
            return
        }
        guard let group = group as? TimedGroup else { return }
        let instant = max(group.instant(of: due.end, late: rule.late), clock)
        let phase: UInt8 = due.mustPass ? 1 : 0
        if let scheduled = group.scheduled, (scheduled, group.scheduledPhase) <= (instant, phase) { return }
        ticketCount += 1
        group.ticket = ticketCount
        group.scheduled = instant
        group.scheduledPhase = phase
        timers.insert(
            TimerQueue.Timer(
                instant: instant, end: due.end, creation: group.creation, ticket: group.ticket,
                rule: Int32(rule.index), slot: Int32(group.slot), place: group.place, phase: phase))
        compactTimers()
    }

    /// Stale timers go when they outnumber the groups that can have one.
    private func compactTimers() {
        guard timers.count > 1024, timers.count > 4 * rules.reduce(0, { $0 + $1.groups.count }) else { return }
        let rules = rules
        timers.removeAll { timer in
            let rule = rules[Int(timer.rule)]
            if rule.isOnGrid { return false }
            return (rule.groups[Int(timer.slot)] as? TimedGroup)?.ticket != timer.ticket
        }
    }
}
