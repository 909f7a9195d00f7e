import RuleLanguage

/// One message of a replay, with its own memory.
package struct ReplayLine: Sendable, Equatable {
    package var topic: [UInt8]
    package var payload: [UInt8]
    /// User properties encoded as in an MQTT 5 PUBLISH.
    package var properties: [UInt8] = []
    package var qos: UInt8 = 0
    package var retained = false
    package var client: String?
    /// The clock: nanoseconds since the Unix epoch.
    package var timeNanoseconds: Int64

    package init(topic: [UInt8], payload: [UInt8], timeNanoseconds: Int64) {
        self.topic = topic
        self.payload = payload
        self.timeNanoseconds = timeNanoseconds
    }

    /// Adds a user property; a name or value of more than 65,535 bytes, which MQTT can't carry, is left out.
    package mutating func append(property name: String, _ value: String) {
        guard name.utf8.count <= 0xFFFF, value.utf8.count <= 0xFFFF else { return }
        properties.append(0x26)
        for part in [name, value] {
            properties.append(UInt8(part.utf8.count >> 8))
            properties.append(UInt8(part.utf8.count & 0xFF))
            properties.append(contentsOf: part.utf8)
        }
    }

    /// Calls `body` with the input that this line is.
    package func withInput<Result>(_ body: (borrowing RuleInput) -> Result) -> Result {
        unsafe topic.withUnsafeBytes { topic in
            unsafe payload.withUnsafeBytes { payload in
                unsafe properties.withUnsafeBytes { properties in
                    let input = unsafe RuleInput(
                        topic: topic, payload: payload, properties: properties, qos: qos, retained: retained,
                        client: client, arrivalNanoseconds: timeNanoseconds)
                    return body(input)
                }
            }
        }
    }

    /// Reads `{"topic": "...", "payload": <any JSON>, "time": <ms>}`; optional are `qos`, `client`, `properties` (an
    /// object
    /// of texts), `retained`, and `payload_text` in place of `payload`. The payload is the JSON text as it stands.
    package static func parse(_ line: [UInt8]) throws(RuleEngineError) -> ReplayLine {
        let result: Result<ReplayLine, RuleEngineError> = unsafe line.withUnsafeBytes { buffer in
            var fields = Fields()
            let slice = unsafe ByteSlice(buffer)
            return fields.read(slice)
        }
        return try result.get()
    }

    private struct Fields {
        private var topic: [UInt8]?
        private var payload: [UInt8]?
        private var payloadText: [UInt8]?
        private var time: Int64?
        private var qos: UInt8 = 0
        private var client: String?
        private var properties: [UInt8] = []
        private var retained = false
        private var fault: String?
        private let arena = Arena()

        mutating func read(_ line: ByteSlice) -> Result<ReplayLine, RuleEngineError> {
            do throws(JSONFault) {
                guard try readMembers(line) else { return refuse("a line is an object") }
            } catch {
                return refuse("\(error.reason.text) at byte \(error.offset)")
            }
            if let fault { return refuse(fault) }
            guard let topic, ReplayTopic.isName(topic) else {
                return refuse("`topic` must be a text that names a topic")
            }
            guard let time else { return refuse("`time` must be a number of milliseconds since 1970") }
            if payload != nil, payloadText != nil { return refuse("give `payload` or `payload_text`, not both") }
            var result = ReplayLine(topic: topic, payload: payload ?? payloadText ?? [], timeNanoseconds: time)
            result.qos = qos
            result.client = client
            result.properties = properties
            result.retained = retained
            return .success(result)
        }

        /// False when the line is JSON but no object.
        private mutating func readMembers(_ line: ByteSlice) throws(JSONFault) -> Bool {
            var index = 0
            JSONText.skipSpace(line, &index)
            guard index < line.count, line[index] == UInt8(ascii: "{") else {
                try JSONScanner.check(line)
                return false
            }
            var members = ReplayMembers(line, after: index + 1)
            while let name = try members.nextName(arena) {
                if name.string == "payload" {
                    payload = try members.payload().array
                } else {
                    take(name.string, try members.value(arena))
                }
            }
            return true
        }

        private func refuse(_ message: String) -> Result<ReplayLine, RuleEngineError> {
            .failure(RuleEngineError(.badInput, message: message))
        }

        private mutating func take(_ name: String, _ value: Value) {
            switch name {
            case "topic": topic = value.kind == .text ? value.slice.array : nil
            case "payload_text":
                if value.kind == .text {
                    payloadText = value.slice.array
                } else {
                    fault = "`payload_text` must be a text"
                }
            case "time": time = value.isNumber ? CivilTime.instant(value, unit: .ms) : nil
            case "qos":
                guard value.kind == .integer, (0...2).contains(value.integer) else {
                    fault = "`qos` is 0, 1 or 2"
                    return
                }
                qos = UInt8(value.integer)
            case "client":
                if value.kind == .text { client = value.slice.string } else { fault = "`client` must be a text" }
            case "retained":
                if value.kind == .boolean { retained = value.isTrue } else { fault = "`retained` is true or false" }
            case "properties": take(properties: value)
            default: break
            }
        }

        private mutating func take(properties value: Value) {
            guard value.kind == .jsonObject else {
                fault = "`properties` must be an object of texts"
                return
            }
            var encoded: [UInt8] = []
            var isWrong = false
            try? JSONTree.forEachMember(value.slice, arena) { name, text in
                guard text.kind == .text, name.count <= 0xFFFF, text.slice.count <= 0xFFFF else {
                    isWrong = true
                    return
                }
                encoded.append(0x26)
                for part in [name, text.slice] {
                    encoded.append(UInt8(part.count >> 8))
                    encoded.append(UInt8(part.count & 0xFF))
                    encoded.append(part)
                }
            }
            if isWrong { fault = "`properties` must be an object of texts" }
            properties = encoded
        }
    }
}

enum ReplayTopic {
    static func isName(_ topic: [UInt8]) -> Bool {
        !topic.isEmpty && topic.count <= 65_535
            && !topic.contains { $0 == 0 || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }
}

/// Lines of outputs, as `sluice replay` writes them.
package enum ReplayOutput {
    /// `{"time":…,"rule":"…","topic":"…","qos":1,"retain":false,"payload":…}` without a line end; a payload that is not
    /// JSON appears as `payload_text`.
    package static func append(_ output: RuleOutput, to line: inout [UInt8]) {
        line += Array("{\"time\":".utf8)
        NumberText.append(CivilTime.milliseconds(output.evaluationNanoseconds), to: &line)
        line += Array(",\"rule\":".utf8)
        append(quoted: Array(output.rule.utf8), to: &line)
        line += Array(",\"topic\":".utf8)
        append(quoted: output.topic, to: &line)
        line += Array(",\"qos\":\(output.qos),\"retain\":\(output.retain),".utf8)
        unsafe output.payload.withUnsafeBytes { buffer in
            let payload = unsafe ByteSlice(buffer)
            if (try? JSONScanner.check(payload)) != nil {
                line += Array("\"payload\":".utf8)
                JSONWriter.append(compact: payload, to: &line)
            } else {
                line += Array("\"payload_text\":".utf8)
                JSONWriter.append(quoted: payload, to: &line)
            }
        }
        line.append(UInt8(ascii: "}"))
    }

    private static func append(quoted bytes: [UInt8], to line: inout [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe JSONWriter.append(quoted: ByteSlice($0), to: &line) }
    }
}

/// Feeds lines to an engine with the clock of the lines.
package struct ReplayRun {
    package let engine: RuleEngine
    /// Lines whose time lay before the clock and that were taken at the clock.
    package private(set) var earlierLines = 0
    private var hasBegun = false
    private var firstTopic: [UInt8]?
    private var untakenTopic: [UInt8]?

    /// What the rules did so far, in their order.
    package var statistics: [RuleStatistics] {
        // A topic that nobody took tells most about a rule that took none.
        engine.rules.map { RuleStatistics($0, example: untakenTopic ?? firstTopic) }
    }

    /// The engine must be new; its clock is set to the time of the first line.
    package init(_ engine: RuleEngine) { self.engine = engine }

    package mutating func take(_ line: ReplayLine, into outputs: inout [RuleOutput]) {
        if !hasBegun {
            hasBegun = true
            firstTopic = line.topic
            engine.clock = line.timeNanoseconds
            for rule in engine.rules { rule.watchAgain(from: line.timeNanoseconds) }
            engine.rescheduleAll()
        }
        if line.timeNanoseconds < engine.clock { earlierLines += 1 }
        let binding = unsafe line.topic.withUnsafeBytes { unsafe engine.cachedBinding(ByteSlice($0)) }
        guard let binding else {
            if untakenTopic == nil { untakenTopic = line.topic }
            engine.advance(toNanoseconds: line.timeNanoseconds, into: &outputs)
            return
        }
        line.withInput { engine.process($0, binding, into: &outputs) }
    }

    /// Lets time run on until nothing is left open; without `drain` only what was due by the last line.
    package func finish(drain: Bool, into outputs: inout [RuleOutput]) {
        if drain {
            engine.drain(into: &outputs)
        } else {
            engine.advance(toNanoseconds: engine.clock, endsInstant: true, into: &outputs)
        }
    }
}
