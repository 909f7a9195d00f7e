package import RuleLanguage

/// The fields of one payload with what they hold, for people to look at. Bounded, whatever comes.
package enum PayloadFields {
    package struct Field: Sendable, Equatable {
        /// Names from the outside in; empty for the payload itself.
        package var path: [String]
        /// As the language names it: "a number".
        package var type: String
        /// One line, cut where it is long.
        package var text: String
    }

    package static let payloadBytesMax = 64 << 10
    package static let fieldsMax = 200
    /// Bytes of a value's text; one that is cut ends with "…".
    package static let textBytesMax = 80
    /// Fields with longer names are left out.
    package static let nameBytesMax = 100
    private static let depthMax = 4

    /// What a source that reads payloads in this way sees; the payload itself comes first. Empty when it can't be read
    /// or is too large.
    package static func read(_ payload: [UInt8], as decoding: SourcePlan.Decoding) -> [Field] {
        guard payload.count <= payloadBytesMax else { return [] }
        return unsafe payload.withUnsafeBytes { buffer in
            let bytes = unsafe ByteSlice(buffer)
            let arena = Arena()
            guard let value = value(bytes, decoding, arena) else { return [] }
            var fields: [Field] = []
            collect(value, [], arena, &fields)
            return fields
        }
    }

    private static func value(_ bytes: ByteSlice, _ decoding: SourcePlan.Decoding, _ arena: Arena) -> Value? {
        switch decoding {
        case .json, .number:
            guard (try? JSONScanner.check(bytes)) != nil else { return nil }
            var index = 0
            guard let value = try? JSONTree.part(bytes, &index, arena) else { return nil }
            return decoding == .json || value.isNumber ? value : nil
        case .text: return UTF8Check.firstFault(bytes) == nil ? .text(bytes) : nil
        case .bytes: return .bytes(bytes)
        case .cbor:
            guard (try? CBORCheck.check(bytes)) != nil else { return nil }
            var index = 0
            return CBORTree(bytes: bytes, arena: arena).value(&index)
        }
    }

    private static func collect(_ value: Value, _ path: [String], _ arena: Arena, _ fields: inout [Field]) {
        guard fields.count < fieldsMax else { return }
        fields.append(Field(path: path, type: type(of: value), text: text(of: value)))
        guard value.isObject, path.count < depthMax else { return }
        for (name, member) in members(value, arena) {
            collect(member, path + [name], arena, &fields)
        }
    }

    /// In their order; a repeated name counts with its last value.
    private static func members(_ object: Value, _ arena: Arena) -> [(String, Value)] {
        var result: [(String, Value)] = []
        var places: [String: Int] = [:]
        func take(_ name: ByteSlice, _ member: Value) {
            guard name.count <= nameBytesMax else { return }
            let name = name.string
            if let place = places[name] {
                result[place].1 = member
            } else if result.count < fieldsMax {
                places[name] = result.count
                result.append((name, member))
            }
        }
        if object.kind == .jsonObject {
            // The text has been checked: there is nothing to throw.
            try? JSONTree.forEachMember(object.slice, arena) { take($0, $1) }
        } else {
            var index = 0
            while index + 1 < object.values.count {
                take(object.values[index].slice, object.values[index + 1])
                index += 2
            }
        }
        return result
    }

    private static func type(of value: Value) -> String {
        switch value.kind {
        case .missing: "null"
        case .boolean: "a boolean"
        case .integer, .double, .bigInteger: "a number"
        case .text: "a text"
        case .time: "a time"
        case .duration: "a duration"
        case .bytes: "bytes"
        case .list, .jsonList: "a list"
        case .object, .jsonObject: "an object"
        }
    }

    private static func text(of value: Value) -> String {
        if value.kind == .bytes { return value.slice.count == 1 ? "1 byte" : "\(value.slice.count) bytes" }
        var bytes: [UInt8] = []
        JSONWriter.append(value, to: &bytes)
        return LearnedText.shown(bytes, bytesMax: textBytesMax)
    }
}
