import Foundation
import RuleLanguage

/// Values of the protocol, read from JSON that anybody may have written.
enum ProtocolValues {
    static func position(_ value: Any?) -> EditorPosition? {
        guard let value = value as? [String: Any], let line = integer(value["line"]),
            let character = integer(value["character"])
        else { return nil }
        return EditorPosition(line: line, character: character)
    }

    static func range(_ value: Any?) -> EditorRange? {
        guard let value = value as? [String: Any], let start = position(value["start"]),
            let end = position(value["end"])
        else { return nil }
        return EditorRange(start: start, end: end)
    }

    /// A whole number that is not negative; what is beyond 32 bits is as good as infinite here.
    static func integer(_ value: Any?) -> Int? {
        guard let number = (value as? NSNumber)?.doubleValue, number >= 0, number == number.rounded() else {
            return nil
        }
        return Int(min(number, 4_294_967_295))
    }

    static func json(_ position: EditorPosition) -> [String: Any] {
        ["line": position.line, "character": position.character]
    }

    static func json(_ range: EditorRange) -> [String: Any] { ["start": json(range.start), "end": json(range.end)] }

    /// The file that a URI names; nil for those that are no files.
    static func path(_ uri: String) -> String? {
        guard let url = URL(string: uri), url.isFileURL else { return nil }
        return url.standardizedFileURL.path
    }

    static func uri(_ path: String) -> String { URL(fileURLWithPath: path).absoluteString }

    static func json(_ completion: EditorCompletion) -> [String: Any] {
        let kind =
            switch completion.kind {
            case .name: 6
            case .constant: 21
            case .field: 5
            case .function: 3
            case .keyword: 14
            case .table: 22
            }
        var result: [String: Any] = [
            "label": completion.label, "kind": kind, "detail": completion.detail, "insertText": completion.insertion,
            "insertTextFormat": completion.isSnippet ? 2 : 1,
        ]
        if !completion.documentation.isEmpty { result["documentation"] = completion.documentation }
        return result
    }
}

/// How a request fails; the numbers are those of JSON-RPC and the protocol.
struct RequestFailure: Error {
    var code: Int
    var message: String

    static func parameters(_ what: String) -> RequestFailure {
        RequestFailure(code: -32602, message: "\(what) is missing or not of the protocol's form")
    }
    static let requestFailed = -32803
}
