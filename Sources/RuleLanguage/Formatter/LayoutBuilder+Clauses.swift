extension LayoutBuilder {
    mutating func clause() -> Layout {
        switch word {
        case "from": from()
        case "at": eventTime()
        case "where": .sequence([take(), .space, expression()])
        case "let": binding()
        case "dedupe": .sequence([take(), .space, expressions(), .space, takeSpaced(2)])
        case "window": window()
        case "when": when()
        case "limit": .sequence([takeSpaced(4), keys()])
        case "publish", "on": publish()
        // Nothing is taken, which ends the file.
        default: .sequence([take(.leftBrace)])
        }
    }

    /// One expression or more, with commas between.
    private mutating func expressions() -> Layout {
        let first = expression()
        var others: [Layout] = []
        while at(.comma) { others += [take(), .line(Layout.Line(flat: " ")), expression()] }
        return others.isEmpty ? first : .group(.sequence([first, .nest(.sequence(others))]))
    }

    /// `by a, b`, or nothing.
    private mutating func keys() -> Layout {
        at(word: "by") ? .sequence([.space, take(), .space, expressions()]) : .sequence([])
    }

    private mutating func from() -> Layout {
        let start = [take(), .space, source()]
        var others: [Layout] = []
        while at(.comma) { others += [take(), .line(Layout.Line(flat: " ", blank: .kept)), source()] }
        return others.isEmpty ? .sequence(start) : .group(.sequence(start + [.nest(.sequence(others))]))
    }

    private mutating func source() -> Layout {
        var parts = [take()]
        if at(word: "as") { parts += [.space, takeSpaced(2)] }
        if at(.leftBrace) { parts += [.space, braces { $0.field() }] }
        return .sequence(parts)
    }

    /// `name: type`, `name: time ms`.
    private mutating func field() -> Layout {
        var parts = [take(), take(.colon), .space, take()]
        if word != nil { parts += [.space, take()] }
        return .sequence(parts)
    }

    private mutating func eventTime() -> Layout {
        var parts = [take(), .space, expression()]
        if let word, ["s", "ms", "us", "ns"].contains(word) { parts += [.space, take()] }
        while at(word: "late") || at(word: "ahead") { parts += [.space, takeSpaced(2)] }
        return .sequence(parts)
    }

    private mutating func window() -> Layout {
        var parts = [takeSpaced(3)]
        while let word, ["events", "over", "in", "among"].contains(word) {
            parts += [.space, word == "events" ? take() : takeSpaced(2)]
        }
        return .sequence(parts + [keys()])
    }

    private mutating func when() -> Layout {
        var parts = [take(), .space, expression()]
        var further: [Layout] = []
        if at(word: "for") { further += [.line(Layout.Line(flat: " ")), takeSpaced(2)] }
        if at(word: "until") { further += [.line(Layout.Line(flat: " ")), take(), .space, expression()] }
        parts.append(.nest(.sequence(further)))
        return .group(.sequence(parts))
    }

    private mutating func publish() -> Layout {
        var parts: [Layout] = []
        if at(word: "on") { parts = [takeSpaced(2), .space] }
        parts.append(takeSpaced(2))
        while let word, ["qos", "retain", "expires", "priority"].contains(word) {
            parts += [.space, word == "retain" ? take() : takeSpaced(2)]
        }
        body(&parts)
        return .sequence(parts)
    }
}
