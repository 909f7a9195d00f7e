import ArgumentParser
import Foundation
import RuleLanguage

/// Answers an editor, message by message, until it ends.
struct LanguageServer {
    enum Phase { case new, running, shutDown }

    var channel = MessageChannel()
    var phase = Phase.new
    var rules = WorkspaceRules()
    /// URIs for which findings were shown: they get an empty list when there are none any more.
    var shownURIs: Set<String> = []
    /// Live values, when the server was given a broker.
    let traffic: LiveTraffic?
    /// Topics that the rules of each open file take.
    var sourceTopics: [String: Set<EditorSource>] = [:]
    private var isConnected = true

    init(traffic: LiveTraffic? = nil) { self.traffic = traffic }

    /// True when the editor said `shutdown` before it left.
    mutating func serve() -> Bool {
        while isConnected {
            switch channel.next() {
            case .end: return phase == .shutDown
            case .unreadable(let reason): fail(NSNull(), RequestFailure(code: -32700, message: reason))
            case .body(let body): if !take(body) { return phase == .shutDown }
            }
        }
        return phase == .shutDown
    }

    /// False when the message is `exit`.
    private mutating func take(_ body: Data) -> Bool {
        guard let value = try? JSONSerialization.jsonObject(with: body, options: [.fragmentsAllowed]) else {
            fail(NSNull(), RequestFailure(code: -32700, message: "the message is not JSON"))
            return true
        }
        guard let message = value as? [String: Any] else {
            fail(NSNull(), RequestFailure(code: -32600, message: "a message is an object"))
            return true
        }
        let id = Self.identifier(message["id"])
        guard let method = message["method"] as? String else {
            // What has no method answers a request, and this server makes none.
            if message["result"] == nil, message["error"] == nil {
                fail(id ?? NSNull(), RequestFailure(code: -32600, message: "the message has no method"))
            }
            return true
        }
        if method == "exit" { return false }
        let parameters = message["params"] as? [String: Any] ?? [:]
        guard let id else {
            notify(method, parameters)
            return true
        }
        do throws(RequestFailure) {
            send(["id": id, "result": try answer(method, parameters)])
        } catch { fail(id, error) }
        return true
    }

    private static func identifier(_ value: Any?) -> Any? {
        if let text = value as? String { return text }
        return value as? NSNumber
    }

    private mutating func answer(_ method: String, _ parameters: [String: Any]) throws(RequestFailure) -> Any {
        switch (phase, method) {
        case (.new, "initialize"): return initialize(parameters)
        case (.new, _): throw RequestFailure(code: -32002, message: "the first request is initialize")
        case (.shutDown, _): throw RequestFailure(code: -32600, message: "nothing is answered after shutdown")
        case (.running, "initialize"): throw RequestFailure(code: -32600, message: "initialize is sent once")
        case (.running, "shutdown"):
            phase = .shutDown
            return NSNull()
        case (.running, "textDocument/formatting"): return try formatting(parameters)
        case (.running, "textDocument/hover"): return try hover(parameters)
        case (.running, "textDocument/completion"): return try completion(parameters)
        case (.running, "textDocument/definition"): return try definition(parameters)
        default: throw RequestFailure(code: -32601, message: "there is no request \(method.prefix(100))")
        }
    }

    private mutating func notify(_ method: String, _ parameters: [String: Any]) {
        guard phase == .running else { return }
        switch method {
        case "initialized":
            // Not before: until then an editor expects nothing but answers.
            traffic?.start()
            rules.readFolder()
            publish()
        case "textDocument/didOpen": open(parameters)
        case "textDocument/didChange": change(parameters)
        case "textDocument/didClose": close(parameters)
        case "textDocument/didSave", "workspace/didChangeWatchedFiles":
            rules.readFolder()
            publish()
        default: break
        }
    }

    private mutating func initialize(_ parameters: [String: Any]) -> Any {
        phase = .running
        let folders = parameters["workspaceFolders"] as? [[String: Any]] ?? []
        let roots = folders.compactMap { ($0["uri"] as? String).flatMap(ProtocolValues.path) }
        let root = (parameters["rootUri"] as? String).flatMap(ProtocolValues.path) ?? parameters["rootPath"] as? String
        rules.roots = roots.isEmpty ? [root].compactMap { $0 } : roots
        let options = parameters["initializationOptions"] as? [String: Any]
        if let paths = options?["rules"] as? [String], let base = rules.roots.first {
            rules.roots = paths.map { $0.hasPrefix("/") ? $0 : (base as NSString).appendingPathComponent($0) }
        }
        return [
            "serverInfo": ["name": "sluice", "version": Sluice.configuration.version],
            "capabilities": [
                "positionEncoding": "utf-16",
                "textDocumentSync": ["openClose": true, "change": 2, "save": ["includeText": false]] as [String: Any],
                "documentFormattingProvider": true, "hoverProvider": true, "definitionProvider": true,
                "completionProvider": ["triggerCharacters": [".", "{"]],
            ] as [String: Any],
        ] as [String: Any]
    }

    // MARK: Sending

    mutating func send(_ message: [String: Any]) {
        if !MessageChannel.send(message) { isConnected = false }
    }

    private mutating func fail(_ id: Any, _ failure: RequestFailure) {
        send(["id": id, "error": ["code": failure.code, "message": failure.message] as [String: Any]])
    }
}
