import RuleLanguage

/// Messages that look alike: the same number of levels in their topics, and much the same fields.
struct LearnedShape: Sendable {
    enum Body: Equatable, Sendable { case object, otherJSON, number, text, bytes }

    /// What was seen at one level of the topics.
    struct Level: Sendable {
        static let valuesMax = 64
        private(set) var values: [String] = []
        private(set) var hasMore = false

        mutating func take(_ value: String) {
            if values.contains(value) { return }
            if values.count < Self.valuesMax { values.append(value) } else { hasMore = true }
        }

        mutating func merge(_ other: Level) {
            for value in other.values { take(value) }
            hasMore = hasMore || other.hasMore
        }

        /// "3 values: a, b, c".
        var remark: String {
            let shown = values.prefix(LearnedField.samplesMax).map {
                LearnedText.shown(Array($0.utf8), bytesMax: 40)
            }.joined(separator: ", ")
            if values.count == 1 { return "1 value: \(shown)" }
            let more = values.count > LearnedField.samplesMax ? ", …" : ""
            return "\(hasMore ? "more than " : "")\(values.count) values: \(shown)\(more)"
        }
    }

    static let fieldsMax = 200
    static let depthMax = 4

    let body: Body
    var levels: [Level]
    private(set) var messageCount = 0
    private(set) var fields: [LearnedField] = []
    /// Whether there were fields beyond the limit.
    private(set) var hasMoreFields = false
    private var index: [[String]: Int] = [:]
    /// The payload itself, where it has no fields.
    private(set) var whole = LearnedField(path: [])

    init(body: Body, levelCount: Int) {
        self.body = body
        levels = [Level](repeating: Level(), count: levelCount)
    }

    var topNames: Set<String> { Set(fields.filter { $0.path.count == 1 }.compactMap(\.path.first)) }

    mutating func take(_ topic: [String], _ members: [([String], Value)], whole value: Value, timeNanoseconds: Int64) {
        messageCount += 1
        for (position, level) in topic.enumerated() where position < levels.count { levels[position].take(level) }
        if body != .object { whole.take(value, message: messageCount, timeNanoseconds: timeNanoseconds) }
        for (path, member) in members {
            guard let field = field(path) else { continue }
            fields[field].take(member, message: messageCount, timeNanoseconds: timeNanoseconds)
        }
    }

    private mutating func field(_ path: [String]) -> Int? {
        if let known = index[path] { return known }
        guard fields.count < Self.fieldsMax else {
            hasMoreFields = true
            return nil
        }
        index[path] = fields.count
        fields.append(LearnedField(path: path))
        return fields.count - 1
    }

    mutating func merge(_ other: LearnedShape) {
        messageCount += other.messageCount
        hasMoreFields = hasMoreFields || other.hasMoreFields
        whole.merge(other.whole)
        for (position, level) in other.levels.enumerated() where position < levels.count {
            levels[position].merge(level)
        }
        for field in other.fields {
            if let known = self.field(field.path) { fields[known].merge(field) }
        }
    }
}
