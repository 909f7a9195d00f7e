/// Typed questions. Each answers `nil` when the key is absent or its value is wrong; then the problem is noted.
extension ConfigurationSection {
    private static let textLengthMax = 4_096
    private static let nameLengthMax = 64

    func text(_ key: String, lengthMax: Int = textLengthMax) -> ConfigurationValue? {
        guard let value = value(key) else { return nil }
        guard value.text.utf8.count <= lengthMax else {
            problem("\"\(key)\" is longer than \(lengthMax) bytes", at: value.place)
            return nil
        }
        guard value.text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            problem("\"\(key)\" has a control character in it", at: value.place)
            return nil
        }
        return value
    }

    /// A name that goes into topics, metrics, file names and variables.
    func checkedName(_ value: ConfigurationValue) -> String? {
        let allowed = value.text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard allowed, (1...Self.nameLengthMax).contains(value.text.utf8.count) else {
            problem(
                "\"\(value.text)\" is no name: use 1 to \(Self.nameLengthMax) of the letters a to z, digits, \"-\", \"_\" and \".\"",
                at: value.place)
            return nil
        }
        return value.text
    }

    func flag(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        switch value.text.lowercased() {
        case "true": return true
        case "false": return false
        default:
            problem("\"\(key)\" is true or false, not \"\(value.text)\"", at: value.place)
            return nil
        }
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = Int(value.text.filter { $0 != "_" }), range.contains(number) else {
            problem(
                "\"\(key)\" is a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(value.text)\"",
                at: value.place)
            return nil
        }
        return number
    }

    func bytes(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = Amounts.bytes(value.text) else {
            problem("\"\(key)\" is a size such as 512B, 64KB, 10MB or 1GB, not \"\(value.text)\"", at: value.place)
            return nil
        }
        guard range.contains(number) else {
            let (least, most) = (Amounts.text(bytes: range.lowerBound), Amounts.text(bytes: range.upperBound))
            problem("\"\(key)\" is from \(least) to \(most), not \(value.text)", at: value.place)
            return nil
        }
        return number
    }

    func duration(_ key: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let value = value(key) else { return nil }
        guard let duration = Amounts.duration(value.text) else {
            problem(
                "\"\(key)\" is a duration such as 250ms, 10s, 5m, 18h or 7d, not \"\(value.text)\"", at: value.place)
            return nil
        }
        guard range.contains(duration) else {
            let (least, most) = (Amounts.text(range.lowerBound), Amounts.text(range.upperBound))
            problem("\"\(key)\" is from \(least) to \(most), not \(value.text)", at: value.place)
            return nil
        }
        return duration
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, _: Choice.Type) -> Choice? {
        guard let value = value(key) else { return nil }
        if let choice = Choice(rawValue: value.text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        let hint = NearestName.of(value.text, among: names).map { "; did you mean \"\($0)\"?" } ?? ""
        problem("\"\(key)\" is one of \(names.joined(separator: ", ")), not \"\(value.text)\"\(hint)", at: value.place)
        return nil
    }

    func address(_ key: String) -> NetworkAddress? {
        guard let value = value(key) else { return nil }
        guard let address = NetworkAddress(value.text) else {
            problem("\"\(value.text)\" is not HOST:PORT, such as \"127.0.0.1:1883\" or \"[::1]:8883\"", at: value.place)
            return nil
        }
        return address
    }

    /// A path, ready to be opened: those of the file are relative to its folder, those of the environment to the working folder.
    func path(_ key: String) -> String? {
        text(key).map { reading.resolve($0) }
    }

    /// The path of a file that can be read.
    func file(_ key: String) -> String? {
        guard let value = text(key) else { return nil }
        let path = reading.resolve(value)
        if let reason = reading.surroundings.whyUnreadable(path) {
            problem("\"\(key)\": \(path) cannot be read: \(reason)", at: value.place)
            return nil
        }
        return path
    }
}

extension ConfigurationReading {
    func resolve(_ value: ConfigurationValue) -> String {
        guard case .environment = value.place else { return resolve(beside: value.text) }
        return value.text
    }

    /// `path` relative to the folder of the file; to the working folder when there is none.
    func resolve(beside path: String) -> String {
        guard !path.hasPrefix("/"), let file, let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }
}
