/// A stable number for each kind of finding, shown as `E0203` or `W0406`. A number that was once released is never
/// given to another finding. 1xx: reading the text, 2xx: names, 3xx: values and types, 4xx: what is proven about
/// conditions and rules, 5xx: windows and aggregates, 6xx: topics and publishing, 7xx: files that
/// rules name, 9xx: limits.
package enum DiagnosticCode: UInt16, Sendable, CaseIterable {
    case unexpectedCharacter = 101
    case unfinishedText = 102
    case unknownEscape = 103
    case unusableNumber = 104
    case unknownUnit = 105
    case brokenInterpolation = 106
    case foreignOperator = 107
    case unexpectedToken = 110
    case clauseOutOfOrder = 111
    case repeatedClause = 112
    case missingClause = 113
    case chainedComparison = 114
    case nestedTooDeep = 115
    case unclosedBlock = 116
    case reservedWord = 117
    case zeroNotAllowed = 118
    case plainTextNeeded = 119

    case repeatedRule = 201
    case repeatedName = 202
    case unknownName = 203
    case unknownFunction = 204
    case unknownOption = 205
    case undeclaredField = 206
    case differingCaptures = 207
    case repeatedCapture = 208
    case usedBeforeDefined = 209
    case repeatedMember = 210
    case wrongUseOfName = 211
    case unknownColumn = 212
    case unknownResult = 213
    case unknownZone = 220

    case wrongType = 301
    case wrongArgumentCount = 302
    case constantNeeded = 303
    case valueOutOfRange = 304
    case badPattern = 305
    case notAConstant = 306
    case comparedWithMissing = 307
    case alwaysMissing = 308
    case indexNeverThere = 309
    case wrongModelInput = 310

    case neverTrue = 401
    case alwaysTrue = 402
    case untilOverlapsWhen = 403
    case ruleFeedsItself = 404
    case clauseWithoutEffect = 405
    case equalityOfComputedNumber = 406
    case lateWithoutEffect = 407

    case aggregateWithoutWindow = 501
    case aggregateNotAllowedHere = 502
    case fieldWithoutEvent = 503
    case nameIsNoKey = 504
    case noWindowBounds = 505
    case nameBelowWindow = 506
    case windowNotAligned = 507
    case aggregateNotForWindow = 508
    case forwardWithoutEvent = 509
    case factNotAvailableHere = 510
    case modelNotAllowedHere = 511

    case badFilter = 601
    case badTopic = 602
    case badQoS = 603
    case schemaNeedsJSON = 604
    case topicOfNoRule = 605

    case unreadableFile = 701
    case badTable = 702
    case badTableRow = 703
    case repeatedKey = 704
    case unusableModel = 705
    case missingRuntime = 706
    case unsupportedModel = 707
    case labelsDoNotFit = 708

    // 901 was what an early version did not have yet.
    case tooLarge = 902
    case tooManyFindings = 903

    package var severity: Diagnostic.Severity {
        switch self {
        case .indexNeverThere, .equalityOfComputedNumber, .lateWithoutEffect, .topicOfNoRule, .repeatedKey: .warning
        default: .error
        }
    }

    /// `E0203`, `W0406`.
    package var name: String {
        let digits = String(rawValue)
        return (severity == .error ? "E" : "W") + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// A few words for lists.
    package var title: String { summary.title }

    /// One or two sentences for whoever meets the code: what is wrong, and what to do.
    package var explanation: String { summary.explanation }

    private var summary: (title: String, explanation: String) {
        switch rawValue {
        case ..<200: readingSummary
        case ..<300: nameSummary
        case ..<400: valueSummary
        case ..<500: proofSummary
        case ..<600: windowSummary
        case 700..<800: fileSummary
        default: topicSummary
        }
    }
}
