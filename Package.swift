// swift-tools-version: 6.2
import PackageDescription

// One target per stage of the data path; `imports:` are the only arrows (docs/architecture.md).

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]
let pure: [SwiftSetting] = strict + [.enableExperimentalFeature("Lifetimes"), .strictMemorySafety()]

/// A stage that does no I/O: no sockets, files, Foundation or logging.
func pureStage(_ name: String, imports: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: pure)
}

func stage(_ name: String, imports: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: imports, swiftSettings: strict)
}

func tests(_ name: String, imports: [Target.Dependency], resources: [Resource] = [], exclude: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: imports, exclude: exclude, resources: resources, swiftSettings: strict)
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLSEvents: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),

        pureStage("Messages"),
        pureStage("MQTTWire", imports: ["Messages", nioCore]),
        pureStage("MQTTSession", imports: ["Messages", "MQTTWire", deque]),
        pureStage("TopicRouting", imports: ["Messages"]),
        stage("Ledger", imports: ["Messages", "CSQLite"]),
        stage("Identity", imports: ["Messages", x509, crypto, asn1]),
        stage("Telemetry", imports: []),
        stage(
            "Broker",
            imports: [
                "Messages", "MQTTWire", "MQTTSession", "TopicRouting", "Ledger", "Identity", "Telemetry",
                nioCore, nioPosix, nioTLS, nioTLSEvents, log, deque,
            ]),
        pureStage("RuleLanguage"),
        pureStage("RuleEngine", imports: ["RuleLanguage"]),
        .target(name: "COnnxRuntime"),
        stage("Inference", imports: ["RuleLanguage", "RuleEngine", "COnnxRuntime"]),
        stage("MosquittoClient", imports: ["Messages", "CMosquitto"]),
        stage("CloudBridge", imports: ["Messages", "Ledger", "MosquittoClient", "Telemetry", log]),
        stage(
            "SluiceNode",
            imports: [
                "Messages", "TopicRouting", "Ledger", "Identity", "Telemetry", "Broker", "RuleLanguage", "RuleEngine",
                "Inference", "CloudBridge", nioCore, nioPosix, nioTLS, log, lifecycle, yaml, crypto,
            ]),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Messages", "SluiceNode", "RuleLanguage", "RuleEngine", "Inference", "Identity", "MosquittoClient",
                arguments, lifecycle, log,
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: [
                "Messages", "MQTTWire", "Broker", "Identity", "Ledger", nioCore, log,
            ], path: "Tests/TestSupport", swiftSettings: strict),
        tests("MessagesTests", imports: ["Messages"]),
        tests("MQTTWireTests", imports: ["MQTTWire", "Messages", nioCore], exclude: ["Corpus"]),
        tests("MQTTSessionTests", imports: ["MQTTSession", "Messages"]),
        tests("TopicRoutingTests", imports: ["TopicRouting", "Messages"]),
        tests("IdentityTests", imports: ["Identity", "Messages", x509, crypto, asn1]),
        tests("LedgerTests", imports: ["Ledger", "Messages"]),
        .target(
            name: "MosquittoPeers", dependencies: ["MosquittoClient", "Messages"], path: "Tests/MosquittoPeers",
            swiftSettings: strict),
        tests("RuleLanguageTests", imports: ["RuleLanguage"]),
        tests("RuleEngineTests", imports: ["RuleEngine", "RuleLanguage"]),
        tests("InferenceTests", imports: ["Inference", "RuleEngine", "RuleLanguage"]),
        tests("MosquittoClientTests", imports: ["MosquittoClient", "MosquittoPeers", "Messages"]),
        tests(
            "CloudBridgeTests",
            imports: [
                "CloudBridge", "Ledger", "MosquittoClient", "Messages", "MosquittoPeers", log,
            ]),
        tests("SluiceNodeTests", imports: ["SluiceNode", "Inference", "Messages", "RuleEngine", "RuleLanguage"]),
        tests("CommandLineTests", imports: ["sluice", "SluiceNode", arguments]),
        tests("TidyTests", imports: []),
        tests(
            "MQTTConformanceTests",
            imports: [
                "TestSupport", "Broker", "Telemetry", "Identity", "MQTTWire", "Messages", nioCore,
            ]),

        .systemLibrary(name: "CEpoll", path: "Benchmarks/CEpoll"),
        .executableTarget(
            name: "LoadGenerator", dependencies: ["CEpoll"], path: "Benchmarks/LoadGenerator", swiftSettings: strict),
        .target(name: "CMallocHook", path: "Benchmarks/CMallocHook"),
        .executableTarget(
            name: "AllocationGate",
            dependencies: ["CMallocHook", "Messages", "MQTTWire", "MQTTSession", "TopicRouting", nioCore],
            path: "Benchmarks/AllocationGate", swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
