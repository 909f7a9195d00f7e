import Foundation
import RuleLanguage
import SluiceNode

// Requests about one open file.

extension LanguageServer {
    private func document(_ parameters: [String: Any]) throws(RequestFailure) -> WorkspaceRules.Document {
        guard let uri = Self.uri(parameters) else { throw .parameters("textDocument.uri") }
        guard let document = rules[uri] else {
            throw RequestFailure(code: RequestFailure.requestFailed, message: "\(uri.prefix(200)) is not open")
        }
        return document
    }

    private func file(
        _ parameters: [String: Any]
    ) throws(RequestFailure) -> (file: EditorFile, position: EditorPosition, uri: String) {
        let document = try document(parameters)
        guard let position = ProtocolValues.position(parameters["position"]) else { throw .parameters("position") }
        let source = RuleSourceFile(name: WorkspaceRules.name(document.uri), text: document.text.text)
        return (RuleFiles.editorFile(source, text: document.text), position, document.uri)
    }

    private func seen(_ file: EditorFile) -> SeenTraffic { traffic?.seen(file.sourceTopics) ?? SeenTraffic() }

    /// The whole text is replaced, or nothing when it is in form already; a file with mistakes is left alone.
    func formatting(_ parameters: [String: Any]) throws(RequestFailure) -> Any {
        let document = try document(parameters)
        let text = document.text.text
        let result = RuleFormatter.format(RuleSourceFile(name: WorkspaceRules.name(document.uri), text: text))
        guard let formatted = result.text else {
            throw RequestFailure(
                code: RequestFailure.requestFailed,
                message: "a file with mistakes of syntax is not formatted; correct those that are shown first")
        }
        if formatted == text { return [Any]() }
        return [["range": ProtocolValues.json(document.text.range), "newText": formatted] as [String: Any]]
    }

    func hover(_ parameters: [String: Any]) throws(RequestFailure) -> Any {
        let (file, position, _) = try file(parameters)
        guard let hover = file.hover(at: position, seen: seen(file)) else { return NSNull() }
        return [
            "contents": ["kind": "markdown", "value": hover.markdown], "range": ProtocolValues.json(hover.range),
        ] as [String: Any]
    }

    func completion(_ parameters: [String: Any]) throws(RequestFailure) -> Any {
        let (file, position, _) = try file(parameters)
        return file.completions(at: position, seen: seen(file)).map { ProtocolValues.json($0) }
    }

    func definition(_ parameters: [String: Any]) throws(RequestFailure) -> Any {
        let (file, position, uri) = try file(parameters)
        guard let range = file.definition(at: position) else { return NSNull() }
        return ["uri": uri, "range": ProtocolValues.json(range)] as [String: Any]
    }
}
