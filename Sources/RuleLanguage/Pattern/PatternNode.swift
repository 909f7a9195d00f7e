/// A parsed pattern of `matches`. Only whether it is found anywhere matters, so groups, greediness and flags are gone.
package indirect enum PatternNode: Sendable, Equatable {
    case empty
    /// One scalar out of sorted, disjoint ranges; none at all when they are empty.
    case scalars([ClosedRange<UInt32>])
    case sequence([PatternNode])
    case either([PatternNode])
    case repeated(PatternNode, atLeast: Int, atMost: Int?)
    case assertion(PatternAssertion)

    /// Instructions of a program that runs it, counted no further than about `PatternSyntax.programSizeMax`.
    package var programSize: Int {
        switch self {
        case .empty: 0
        case .scalars, .assertion: 1
        case .sequence(let parts): Self.sum(parts)
        case .either(let parts): Self.sum(parts) + 2 * parts.count
        case .repeated(let part, let least, let most):
            // Each copy, and a branch for each that may be left out.
            min((part.programSize + 1) * max(most ?? least + 1, 1), PatternSyntax.programSizeMax + 1)
        }
    }

    private static func sum(_ parts: [PatternNode]) -> Int {
        var size = 0
        for part in parts where size <= PatternSyntax.programSizeMax { size += part.programSize }
        return size
    }
}

package enum PatternAssertion: Sendable, Equatable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary
}

package struct PatternError: Error, Sendable, Equatable {
    package var message: String
    /// Scalars of the pattern before the place.
    package var offset: Int
}
