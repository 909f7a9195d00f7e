/// One message as it reaches the rules. The buffers are borrowed: they must stay valid for the call that takes it.
@safe
package struct RuleInput {
    package var topic: UnsafeRawBufferPointer
    package var payload: UnsafeRawBufferPointer
    /// MQTT 5 properties encoded as in a PUBLISH (3.3.2.3), without the length in front; may be empty.
    package var properties: UnsafeRawBufferPointer
    package var qos: UInt8
    /// Whether a broker replayed it as a retained message at subscription.
    package var retained: Bool
    /// The identity that the broker proved.
    package var client: String?
    /// The clock at its arrival, nanoseconds since the Unix epoch.
    package var arrivalNanoseconds: Int64

    package init(
        topic: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer,
        properties: UnsafeRawBufferPointer = unsafe UnsafeRawBufferPointer(start: nil, count: 0), qos: UInt8 = 0,
        retained: Bool = false, client: String? = nil, arrivalNanoseconds: Int64
    ) {
        unsafe self.topic = topic
        unsafe self.payload = payload
        unsafe self.properties = properties
        self.qos = qos
        self.retained = retained
        self.client = client
        self.arrivalNanoseconds = arrivalNanoseconds
    }
}
