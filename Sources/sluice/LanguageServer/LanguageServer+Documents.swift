import Foundation
import RuleLanguage
import SluiceNode

// What is open, and what is found in it.

extension LanguageServer {
    mutating func open(_ parameters: [String: Any]) {
        guard let document = parameters["textDocument"] as? [String: Any], let uri = document["uri"] as? String,
            let text = document["text"] as? String
        else { return }
        rules[uri] = WorkspaceRules.Document(uri: uri, text: EditorText(text))
        publish()
        listen(uri)
    }

    mutating func change(_ parameters: [String: Any]) {
        guard let uri = Self.uri(parameters), var document = rules[uri],
            let changes = parameters["contentChanges"] as? [[String: Any]]
        else { return }
        for change in changes {
            guard let text = change["text"] as? String else { continue }
            if change["range"] == nil {
                document.text = EditorText(text)
            } else if let range = ProtocolValues.range(change["range"]),
                document.text.byteCount + text.utf8.count <= MessageChannel.bodyBytesMax
            {
                document.text.replace(range, with: text)
            }
        }
        rules[uri] = document
        publish()
        listen(uri)
    }

    mutating func close(_ parameters: [String: Any]) {
        guard let uri = Self.uri(parameters) else { return }
        rules[uri] = nil
        // What was not saved is gone: the file counts as it is on the disk.
        rules.readFolder()
        publish()
        listen(uri)
    }

    /// Listens to the topics of an open file, and no longer to those of a closed one.
    private mutating func listen(_ uri: String) {
        guard let traffic else { return }
        let name = WorkspaceRules.name(uri)
        sourceTopics[name] = rules[uri].map { document in
            // Topics need no tables and models: nothing is read for them.
            EditorFile(RuleSourceFile(name: name, text: document.text.text), text: document.text).sourceTopics
        }
        traffic.want(sourceTopics.values.reduce(into: []) { $0.formUnion($1) })
    }

    static func uri(_ parameters: [String: Any]) -> String? {
        (parameters["textDocument"] as? [String: Any])?["uri"] as? String
    }

    // MARK: Findings

    /// Checks the whole set and shows what was found, in each file that is open, has findings, or had some.
    mutating func publish() {
        let compilation = RuleFiles.compile(rules.sources)
        var texts: [String: EditorText] = [:]
        var findings: [String: [[String: Any]]] = [:]
        for diagnostic in compilation.diagnostics {
            findings[rules.uri(diagnostic.place.file), default: []].append(json(diagnostic, &texts))
        }
        for document in rules.documents.values where findings[document.uri] == nil { findings[document.uri] = [] }
        for uri in shownURIs where findings[uri] == nil { findings[uri] = [] }
        for uri in findings.keys.sorted() {
            send([
                "method": "textDocument/publishDiagnostics",
                "params": ["uri": uri, "diagnostics": findings[uri] ?? []] as [String: Any],
            ])
        }
        shownURIs = Set(findings.filter { !$0.value.isEmpty }.keys)
    }

    private func json(_ diagnostic: Diagnostic, _ texts: inout [String: EditorText]) -> [String: Any] {
        var message = diagnostic.message
        if let help = diagnostic.help { message += "\nhelp: \(help)" }
        for note in diagnostic.notes { message += "\nnote: \(note)" }
        var result: [String: Any] = [
            "range": range(diagnostic.place, &texts), "severity": diagnostic.severity == .error ? 1 : 2,
            "code": diagnostic.code.name, "source": "sluice", "message": message,
        ]
        if !diagnostic.labels.isEmpty {
            result["relatedInformation"] = diagnostic.labels.map { label -> [String: Any] in
                let place: [String: Any] = ["uri": rules.uri(label.place.file), "range": range(label.place, &texts)]
                return ["location": place, "message": label.text]
            }
        }
        return result
    }

    private func range(_ place: SourcePlace, _ texts: inout [String: EditorText]) -> [String: Any] {
        if texts[place.file] == nil { texts[place.file] = rules.text(place.file) }
        if let text = texts[place.file] { return ProtocolValues.json(text.range(of: place)) }
        let start = EditorPosition(line: place.line - 1, character: place.column - 1)
        let end = EditorPosition(line: place.endLine - 1, character: place.endColumn - 1)
        return ProtocolValues.json(EditorRange(start: start, end: end))
    }
}
