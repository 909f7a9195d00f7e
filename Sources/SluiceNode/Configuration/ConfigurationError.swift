/// Where a configured value came from.
package enum ConfigurationPlace: Sendable, Hashable {
    /// Line and column count from 1, in characters.
    case file(String, line: Int, column: Int)
    case wholeFile(String)
    /// The name of an environment variable.
    case environment(String)
    /// Nobody wrote it: a default.
    case defaults
}

extension ConfigurationPlace: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .wholeFile(let path): path
        case .environment(let name): name
        case .defaults: "configuration"
        }
    }
}

/// One thing that is wrong, and what to do about it.
package struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    package let place: ConfigurationPlace
    /// A sentence without the place and without a full stop.
    package let message: String

    package init(_ message: String, at place: ConfigurationPlace) {
        self.place = place
        self.message = message
    }

    package var description: String { "\(place): \(message)" }
}

/// A configuration that cannot be used. All that is wrong is in it, in the order of the file.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package init(_ problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    /// One sentence a line.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
