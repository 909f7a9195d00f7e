import RuleLanguage

/// One rule over one model of `testModels`, which it declares as `m`.
struct ModelRule {
    var file: String
    var clauses: String
    /// Behind the path of the declaration.
    var suffix = ""

    init(_ file: String, _ clauses: String, suffix: String = "") {
        self.file = file
        self.clauses = clauses
        self.suffix = suffix
    }

    var compilation: RuleCompilation {
        compile(
            """
            model m from "models/\(file).onnx" \(suffix)
            rule r {
              from "in/{x}" { v: number, t: text, b: boolean, l: list, any: object } \(clauses) publish "out" { n: 1 }
            }
            """)
    }

    /// The names of the findings.
    var codes: String { compilation.diagnostics.map(\.code.name).joined(separator: " ") }
    /// Message and help of the first finding.
    var first: String {
        let diagnostic = compilation.diagnostics.first
        return "\(diagnostic?.message ?? ""): \(diagnostic?.help ?? "")"
    }
    var plan: RulePlan? { compilation.plan?.rules.first }
}
