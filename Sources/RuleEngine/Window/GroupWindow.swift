/// What a group keeps of its window: of these kinds one, so that a group without the others has no room for them.
enum GroupWindow {
    case none
    /// The first column of a window of numbers.
    case numbers(NumberColumn)
    case sliding(SlidingWindow)
    case moments(MomentsPane)
    case pane(Pane)
    case panes([Pane])
}

/// Windows that are filled and then closed, in the order of their ends.
extension Group {
    @inline(__always)
    var numbers: NumberColumn? {
        if case .numbers(let column) = window { column } else { nil }
    }

    @inline(__always)
    var sliding: SlidingWindow? {
        if case .sliding(let sliding) = window { sliding } else { nil }
    }

    @inline(__always)
    var hasPanes: Bool {
        switch window {
        case .moments, .pane: true
        case .panes(let panes): !panes.isEmpty
        case .none, .numbers, .sliding: false
        }
    }

    /// When the first of them ends; nil: there is none.
    @inline(__always)
    var firstEnd: Int64? {
        switch window {
        case .moments(let moments): moments.end
        case .pane(let pane): pane.end
        case .panes(let panes): panes.first?.end
        case .none, .numbers, .sliding: nil
        }
    }

    /// The one that ends first.
    @inline(__always)
    var firstPane: Pane? {
        switch window {
        case .pane(let pane): pane
        case .panes(let panes): panes.first
        case .none, .numbers, .sliding, .moments: nil
        }
    }

    /// All of them but moments, of which `RuleRuntime.panes(of:)` makes one. For a single one there is a way without a
    /// list.
    var panes: [Pane] {
        get {
            switch window {
            case .pane(let pane): [pane]
            case .panes(let panes): panes
            case .none, .numbers, .sliding, .moments: []
            }
        }
        set {
            switch newValue.count {
            case 0: window = .none
            case 1: window = .pane(newValue[0])
            default: window = .panes(newValue)
            }
        }
    }

    /// Takes out the one that ends first.
    func takeFirstPane() -> Pane? {
        if case .pane(let pane) = window {
            window = .none
            return pane
        }
        return panes.isEmpty ? nil : panes.removeFirst()
    }
}
