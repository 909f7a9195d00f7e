/// A file as it is written: declarations in order.
struct FileSyntax: Sendable {
    var models: [ModelSyntax] = []
    var tables: [TableSyntax] = []
    var constants: [LetSyntax] = []
    var rules: [RuleSyntax] = []
    var tests: [TestSyntax] = []
}

struct ModelSyntax: Sendable {
    var name: NameSyntax
    var path: PlainTextSyntax
    var labels: [PlainTextSyntax]
    /// Where `logits` stands: softmax makes scores of the output.
    var logitsSpan: SourceSpan?
    var span: SourceSpan
}

struct TableSyntax: Sendable {
    var name: NameSyntax
    var path: PlainTextSyntax
    var key: NameSyntax
    var span: SourceSpan
}

/// A text without `{…}`.
struct PlainTextSyntax: Sendable {
    var text: String
    var span: SourceSpan
}

struct RuleSyntax: Sendable {
    var name: NameSyntax
    var title: PlainTextSyntax?
    var sources: [SourceSyntax] = []
    var eventTime: EventTimeSyntax?
    var steps: [StepSyntax] = []
    var window: WindowSyntax?
    var windowLets: [LetSyntax] = []
    var when: WhenSyntax?
    var limit: LimitSyntax?
    var publishes: [PublishSyntax] = []
    /// A clause was reported while it was read: what it would have defined is unknown, and nothing is said about that.
    var hasBrokenSource = false
    var hasBrokenWindow = false
}

/// One topic of `from`.
struct SourceSyntax: Sendable {
    var topic: [TopicPiece]
    var topicSpan: SourceSpan
    var decoding: SourcePlan.Decoding = .json
    var schema: [FieldSyntax]?
    var schemaSpan: SourceSpan?
}

/// A part of a topic of `from`: characters or what is between braces, as written.
enum TopicPiece: Sendable {
    case literal(String)
    case hole(String, SourceSpan)
}

struct FieldSyntax: Sendable {
    var name: NameSyntax
    var type: SchemaField.FieldType
}

struct EventTimeSyntax: Sendable {
    var expression: ExpressionSyntax
    var unit: TimeUnit = .ms
    var late: DurationSyntax?
    var ahead: DurationSyntax?
    var span: SourceSpan
}

struct DurationSyntax: Sendable {
    var nanoseconds: Int64
    var span: SourceSpan
}

enum StepSyntax: Sendable {
    case filter(ExpressionSyntax)
    case bind(LetSyntax)
    case dedupe(keys: [ExpressionSyntax], within: DurationSyntax)
}

struct LetSyntax: Sendable {
    var name: NameSyntax
    var value: ExpressionSyntax
}

struct WindowSyntax: Sendable {
    enum Kind: Sendable {
        case lastCount(Int)
        case lastDuration(DurationSyntax)
        case everyCount(Int)
        case every(DurationSyntax, over: DurationSyntax?, zone: PlainTextSyntax?)
        case session(DurationSyntax)
        case silent(DurationSyntax, among: NameSyntax?)
    }
    var kind: Kind
    var by: [ExpressionSyntax]
    /// `window last 10`, without the keys.
    var span: SourceSpan
}

struct WhenSyntax: Sendable {
    var condition: ExpressionSyntax
    var holds: DurationSyntax?
    var until: ExpressionSyntax?
    var span: SourceSpan
}

struct LimitSyntax: Sendable {
    var count: Int
    var period: DurationSyntax
    var by: [ExpressionSyntax]?
}

struct PublishSyntax: Sendable {
    enum Body: Sendable {
        case forward
        case object([MemberSyntax])
        case payload(ExpressionSyntax)
    }
    var onClear: Bool
    /// `publish`, or `on clear publish`.
    var span: SourceSpan
    var topic: [TextPartSyntax]
    var topicSpan: SourceSpan
    var qos: UInt8 = 1
    var retain = false
    var expires: DurationSyntax?
    var priority: PublishPlan.Priority?
    var body: Body = .forward
}

struct TestSyntax: Sendable {
    enum Body: Sendable {
        case none
        case object([MemberSyntax])
        case payload(ExpressionSyntax)
    }
    struct Step: Sendable {
        enum Kind: Sendable {
            case send(times: Int, topic: PlainTextSyntax, body: Body, every: DurationSyntax?, at: TestTime?)
            case wait(DurationSyntax)
            case expectNothing
            case expect(times: Int, topic: PlainTextSyntax, body: Body)
        }
        var kind: Kind
        var span: SourceSpan
    }
    enum TestTime: Sendable {
        case after(DurationSyntax)
        case instant(PlainTextSyntax)
    }
    var name: PlainTextSyntax
    var steps: [Step]
    var span: SourceSpan
}
