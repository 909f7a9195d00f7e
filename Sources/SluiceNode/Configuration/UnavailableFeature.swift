/// What the configuration will be able to say and this version cannot do. It is refused, never ignored.
enum UnavailableFeature: CaseIterable {
    case websocket
    case revocationList
    case preset
    case commands
    case budget
    case keyedOrder
    case management

    /// The key that asks for it, and what to do meanwhile.
    private var row: (key: String, sentence: String) {
        switch self {
        case .websocket:
            ("websocket", "a WebSocket listener is not available yet in this version; use \"tcp\" or \"tls\"")
        case .revocationList:
            (
                "crl",
                "a revocation list is not available yet in this version; remove \"crl\" and let access rules refuse a name"
            )
        case .preset: ("preset", "a preset other than \"generic\" is not available yet in this version")
        case .commands:
            (
                "commands",
                "bringing commands down from the cloud is not available yet in this version; remove \"commands\""
            )
        case .budget: ("budget", "a budget for a bridge is not available yet in this version; remove \"budget\"")
        case .keyedOrder: ("order", "an order other than \"route\" is not available yet in this version")
        case .management:
            ("management", "the management interface is not available yet in this version; remove \"management\"")
        }
    }

    var key: String { row.key }
    var sentence: String { row.sentence }
}
