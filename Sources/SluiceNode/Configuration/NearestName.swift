/// Which of the known names somebody probably meant.
enum NearestName {
    /// Names longer than this are not compared: the work is quadratic.
    static let lengthMax = 64

    /// The candidate with the fewest edits (insertion, removal, replacement, swap of neighbours), if those are at most a
    /// third of its length, at least one. Of equals the first counts.
    static func of(_ name: String, among candidates: [String]) -> String? {
        let written = Array(name.utf8)
        guard written.count <= lengthMax else { return nil }
        var best: (name: String, edits: Int)?
        for candidate in candidates {
            let known = Array(candidate.utf8)
            guard known.count <= lengthMax else { continue }
            let edits = distance(written, known)
            guard edits <= max(1, known.count / 3), edits < best?.edits ?? .max else { continue }
            best = (candidate, edits)
        }
        return best?.name
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1] + [Int](repeating: 0, count: right.count)
            for column in right.indices {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var edits = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    edits = min(edits, beforePrevious[column - 1] + 1)
                }
                current[column + 1] = edits
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
