/// What a missing ONNX Runtime means for a rule that names a model.
package enum MissingRuntime: Sendable {
    /// An error that says what to install.
    case refused
    /// The set is taken as it is: every call gives missing, and the members of a result are not checked.
    case allowed
}
