/// A set of Unicode scalars as ranges; sorted and disjoint once `normalized`.
struct ScalarSet {
    private(set) var ranges: [ClosedRange<UInt32>]

    init(ranges: [ClosedRange<UInt32>] = []) { self.ranges = ranges }
    init(_ scalars: [Unicode.Scalar]) { ranges = scalars.map { $0.value...$0.value } }

    static let all = ScalarSet(ranges: [0...0x10FFFF])
    static let digits = ScalarSet(ranges: [0x30...0x39])
    static let spaces = ScalarSet(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])
    static let wordScalars = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])

    mutating func formUnion(_ other: ScalarSet) { ranges += other.ranges }

    var normalized: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound || range.lowerBound - 1 == last.upperBound {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return ScalarSet(ranges: result)
    }

    /// All scalars that are not in it.
    var inverted: ScalarSet {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in normalized.ranges {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return ScalarSet(ranges: result)
    }

    /// Adds the other cases of a scalar where they are one scalar.
    mutating func insertCases(of value: UInt32) {
        guard let scalar = Unicode.Scalar(value) else { return }
        if scalar.isASCII {
            let isLetter = (0x41...0x5A).contains(value & ~0x20)
            if isLetter { ranges.append(value ^ 0x20...value ^ 0x20) }
            // The long s and the Kelvin sign are cases of s and k.
            if value | 0x20 == 0x73 { ranges.append(0x17F...0x17F) }
            if value | 0x20 == 0x6B { ranges.append(0x212A...0x212A) }
            return
        }
        let properties = scalar.properties
        for mapping in [properties.lowercaseMapping, properties.uppercaseMapping, properties.titlecaseMapping] {
            let scalars = Array(mapping.unicodeScalars)
            guard scalars.count == 1, scalars[0] != scalar else { continue }
            ranges.append(scalars[0].value...scalars[0].value)
            let back = Array(scalars[0].properties.lowercaseMapping.unicodeScalars)
            if back.count == 1 { ranges.append(back[0].value...back[0].value) }
        }
    }

    // MARK: Named sets

    static func posix(_ name: String) -> ScalarSet? {
        switch name {
        case "alnum": ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x61...0x7A])
        case "alpha": ScalarSet(ranges: [0x41...0x5A, 0x61...0x7A])
        case "ascii": ScalarSet(ranges: [0...0x7F])
        case "blank": ScalarSet(["\t", " "])
        case "cntrl": ScalarSet(ranges: [0...0x1F, 0x7F...0x7F])
        case "digit": digits
        case "graph": ScalarSet(ranges: [0x21...0x7E])
        case "lower": ScalarSet(ranges: [0x61...0x7A])
        case "print": ScalarSet(ranges: [0x20...0x7E])
        case "punct": ScalarSet(ranges: [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E])
        case "space": ScalarSet(ranges: [0x09...0x0D, 0x20...0x20])
        case "upper": ScalarSet(ranges: [0x41...0x5A])
        case "word": wordScalars
        case "xdigit": ScalarSet(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66])
        default: nil
        }
    }

    /// A general category by its short name, such as `L` or `Lu`.
    static func category(_ name: String) -> ScalarSet? {
        guard !name.isEmpty, name.utf8.count <= 2 else { return nil }
        let ranges = categories.filter { $0.key.hasPrefix(name) }.flatMap(\.value)
        return ranges.isEmpty ? nil : ScalarSet(ranges: ranges).normalized
    }

    /// Made once, at the first use of `\p`: a walk over all scalars.
    private static let categories: [String: [ClosedRange<UInt32>]] = {
        var result: [String: [ClosedRange<UInt32>]] = [:]
        var start: UInt32 = 0
        var before = ""
        func close(_ end: UInt32) {
            if !before.isEmpty, end >= start { result[before, default: []].append(start...end) }
        }
        for value in UInt32(0)...0x10FFFF {
            let name = Unicode.Scalar(value).map { shortName($0.properties.generalCategory) } ?? "Cs"
            guard name != before else { continue }
            if value > 0 { close(value - 1) }
            start = value
            before = name
        }
        close(0x10FFFF)
        return result
    }()

    private static func shortName(_ category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
