/// What the declarations of one file define for its rules.
struct FileScope {
    struct Constant {
        var value: CheckedExpression
        var nodeCount: Int
        var span: SourceSpan
    }

    let zones: (String) -> TimeZoneLookup

    struct Table {
        var span: SourceSpan
        /// nil: it was reported, so nothing is known of it.
        var data: TableData?
    }

    struct Model {
        /// nil: it was reported, so nothing is known of it.
        var plan: ModelPlan?
    }

    var constants: [String: Constant] = [:]
    var models: [String: Model] = [:]
    var tables: [String: Table] = [:]

    /// Checks the declarations of a file in the order of their kinds: tables and models have no parts to resolve.
    init(
        _ file: FileSyntax, tables loader: TableLoader, models modelLoader: ModelLoader, log: DiagnosticLog,
        zones: @escaping (String) -> TimeZoneLookup
    ) {
        self.zones = zones
        var defined: [String: SourceSpan] = [:]
        func define(_ name: NameSyntax) -> Bool {
            if let first = defined[name.text] {
                log.report(
                    .repeatedName, name.span, "`\(name.text)` is defined twice in this file",
                    help: "choose another name",
                    labels: [(first, "first defined here")])
                return false
            }
            defined[name.text] = name.span
            return true
        }
        for model in file.models where define(model.name) {
            if FunctionNames.all.contains(model.name.text) {
                log.report(
                    .repeatedName, model.name.span,
                    "`\(model.name.text)` is a function, so a model of this name can't be called",
                    help: "choose another name")
            }
            models[model.name.text] = Model(plan: modelLoader.load(model, log: log))
        }
        for table in file.tables where define(table.name) {
            tables[table.name.text] = Table(span: table.name.span, data: loader.load(table, log: log))
        }
        let names = Set(file.constants.map(\.name.text))
        for constant in file.constants where define(constant.name) {
            let checker = ExpressionChecker(scope: self, log: log)
            checker.upcomingLets = names.subtracting(constants.keys)
            checker.place = .constant
            let value = checker.check(constant.value)
            let nodeCount = value.expression.nodeCount(limit: RuleLimits.constantNodesMax + 1)
            let heightMax = RuleLimits.expressionDepthMax
            guard nodeCount <= RuleLimits.constantNodesMax, value.expression.height(limit: heightMax + 1) <= heightMax
            else {
                log.report(
                    .tooLarge, constant.name.span,
                    "the constant `\(constant.name.text)` has more than \(RuleLimits.constantNodesMax) parts "
                        + "or \(heightMax) levels",
                    help: "constants are for settings; a table is for data")
                constants[constant.name.text] = Constant(value: .poison, nodeCount: 1, span: constant.name.span)
                continue
            }
            constants[constant.name.text] = Constant(value: value, nodeCount: nodeCount, span: constant.name.span)
        }
    }
}
