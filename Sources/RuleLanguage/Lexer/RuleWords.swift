/// The words of the language, for whoever proposes names.
package enum RuleWords {
    /// Whether it can't name a rule, let, capture, model or table.
    package static func isReserved(_ word: String) -> Bool { Words.reserved.contains(word) }
}
