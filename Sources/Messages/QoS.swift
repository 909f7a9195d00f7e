/// Quality of service of a PUBLISH (MQTT 5.0, 4.3). Ordered: a delivery uses the lower of publish and subscription.
package enum QoS: UInt8, Sendable, Comparable, CaseIterable {
    case atMostOnce = 0
    case atLeastOnce = 1
    case exactlyOnce = 2

    package static func < (left: QoS, right: QoS) -> Bool { left.rawValue < right.rawValue }
}

/// The protocol level a client spoke in CONNECT (MQTT 5.0, 3.1.2.2).
package enum ProtocolVersion: UInt8, Sendable {
    case v311 = 4
    case v5 = 5
}
