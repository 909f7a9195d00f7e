/// Finds what somebody may have meant.
package enum NearestName {
    /// Longer names are not compared: nobody mistypes those, and the work is quadratic.
    private static let lengthMax = 64

    /// The known name nearest to `name`, if it is near enough to be a slip; of equals the first in order.
    package static func find(_ name: String, in known: some Collection<String>) -> String? {
        let target = Array(name.lowercased().unicodeScalars)
        guard !target.isEmpty, target.count <= lengthMax else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in known.sorted() where candidate != name {
            let scalars = Array(candidate.lowercased().unicodeScalars)
            let shorter = min(target.count, scalars.count)
            let allowed = shorter <= 3 ? 1 : shorter <= 7 ? 2 : 3
            guard abs(scalars.count - target.count) <= allowed, scalars.count <= lengthMax else { continue }
            let distance = distance(target, scalars)
            guard distance <= allowed, distance < target.count, distance < (best?.distance ?? .max) else { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    /// Insertions, removals, replacements and swaps of neighbours that make `right` of `left`.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    cost = min(cost, beforeLast[j - 1] + 1)
                }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
