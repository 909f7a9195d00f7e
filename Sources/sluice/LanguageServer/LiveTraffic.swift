import Dispatch
import Foundation
import Messages
import MosquittoClient
import RuleEngine
import RuleLanguage
import Synchronization

/// Listens to the topics of the open files and remembers the last value of each field and capture.
///
/// The connection and all waiting for it are on a thread of its own; the editor's thread only says what it wants, and
/// reads what is known. Memory is bounded by the limits below and those of `PayloadFields`.
final class LiveTraffic: Sendable {
    /// Topics of `from` that are listened to; further ones are not.
    static let sourcesMax = 1_000
    private static let fieldsMax = PayloadFields.fieldsMax
    private static let textCountMax = 80
    private static let topicCountMax = 200
    /// Different failures that the editor is told of, each once.
    private static let failuresMax = 100
    private static let pauseSeconds = 2.0
    /// While somebody types a topic it changes with each letter.
    private static let quietSeconds = 0.3

    private struct Entry {
        var value: SeenTraffic.Value
        var since: DispatchTime
    }

    private struct Kept {
        let filter: [UInt8]
        var fields: [[String]: Entry] = [:]
        var captures: [String: Entry] = [:]
    }

    private struct State {
        var wanted: Set<EditorSource> = []
        var kept: [EditorSource: Kept] = [:]
        var told: Set<String> = []
        var isStarted = false
    }

    private let state = Mutex(State())
    private let changed = DispatchSemaphore(value: 0)
    private let connection: ConnectionOptions
    /// Called on other threads than the editor's.
    private let log: @Sendable (String) -> Void

    init(_ connection: ConnectionOptions, log: @escaping @Sendable (String) -> Void) {
        self.connection = connection
        self.log = log
    }

    /// Begins to listen, the first time that it is called. The thread ends with the process.
    func start() {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { return }
        Thread.detachNewThread { self.listen() }
    }

    // MARK: The editor's thread

    /// What is to be listened to from now on. What is known of others stays while there is room: a topic that is gone
    /// because somebody types in it comes back.
    func want(_ sources: Set<EditorSource>) {
        let wanted = Set(
            sources.filter { TopicText.isFilter($0.filter.utf8) }.sorted { $0.topic < $1.topic }
                .prefix(Self.sourcesMax))
        let isNew = state.withLock { state in
            guard wanted != state.wanted else { return false }
            state.wanted = wanted
            if state.kept.count + wanted.count > Self.sourcesMax {
                state.kept = state.kept.filter { wanted.contains($0.key) }
            }
            for source in wanted where state.kept[source] == nil {
                state.kept[source] = Kept(filter: Array(source.filter.utf8))
            }
            return true
        }
        if isNew { changed.signal() }
    }

    /// What is known of these sources now.
    func seen(_ sources: Set<EditorSource>) -> SeenTraffic {
        let now = DispatchTime.now()
        return state.withLock { state in
            var result = SeenTraffic()
            for source in sources {
                guard let kept = state.kept[source] else { continue }
                result.sources[source] = SeenTraffic.Source(
                    fields: kept.fields.mapValues { Self.value($0, now) },
                    captures: kept.captures.mapValues { Self.value($0, now) })
            }
            return result
        }
    }

    private static func value(_ entry: Entry, _ now: DispatchTime) -> SeenTraffic.Value {
        var value = entry.value
        value.ageSeconds = Int(
            (now.uptimeNanoseconds - min(now.uptimeNanoseconds, entry.since.uptimeNanoseconds)) / 1_000_000_000)
        return value
    }

    // MARK: The session's thread

    private func take(_ message: ReceivedMessage) {
        let sources = state.withLock { state in
            state.kept.compactMap { TopicText.matches(name: message.topic, filter: $1.filter) ? $0 : nil }
        }
        let topic = message.topicText
        let shownTopic = Self.shown(topic, Self.topicCountMax)
        let now = DispatchTime.now()
        func entry(_ text: String, _ type: String) -> Entry {
            let value = SeenTraffic.Value(
                text: text, type: type, topic: shownTopic, ageSeconds: 0, isRetained: message.retain)
            return Entry(value: value, since: now)
        }
        for source in sources {
            let fields = PayloadFields.read(message.payload, as: source.decoding)
            let captures = source.captures(in: topic)
            state.withLock { state in
                guard var kept = state.kept.removeValue(forKey: source) else { return }
                for field in fields where kept.fields.count < Self.fieldsMax || kept.fields[field.path] != nil {
                    kept.fields[field.path] = entry(field.text, field.type)
                }
                for capture in captures {
                    kept.captures[capture.name] = entry(Self.shown(capture.value, Self.textCountMax), "a text")
                }
                state.kept[source] = kept
            }
        }
    }

    private static func shown(_ text: String, _ countMax: Int) -> String {
        text.count > countMax ? text.prefix(countMax) + "…" : text
    }

    // MARK: The thread of the connection

    private func listen() {
        var session: MosquittoSession?
        var subscribed: Set<String> = []
        while true {
            guard let open = session ?? connect() else {
                Thread.sleep(forTimeInterval: Self.pauseSeconds)
                continue
            }
            session = open
            let wanted = state.withLock { Set($0.wanted.map(\.filter)) }
            for filter in subscribed.subtracting(wanted).sorted() {
                try? open.unsubscribe(filter: filter)
                subscribed.remove(filter)
            }
            for filter in wanted.subtracting(subscribed).sorted() {
                // One that is refused is not asked for again while it is wanted.
                subscribed.insert(filter)
                do {
                    try open.subscribe(filter: filter, qos: .atMostOnce)
                } catch { tell("no live values of \(filter): \(error.message)") }
            }
            changed.wait()
            while changed.wait(timeout: .now() + Self.quietSeconds) == .success {}
        }
    }

    private func connect() -> MosquittoSession? {
        do throws(MosquittoError) {
            let session = try MosquittoSession(
                .init(connection: connection, reconnects: true),
                handlers: .init(
                    message: { [weak self] in self?.take($0) },
                    disconnected: { [weak self] in self?.tell("\($0.message); connecting again for live values") }))
            try session.connect()
            return session
        } catch {
            tell("no live values: \(error.message); trying again")
            return nil
        }
    }

    /// Each failure once: a broker that is away all day must not fill the editor's log.
    private func tell(_ sentence: String) {
        let isNew = state.withLock { state in
            state.told.count < Self.failuresMax && state.told.insert(sentence).inserted
        }
        if isNew { log(sentence) }
    }
}
