/// Why certificates or keys could not be made, read or written. The text is one sentence that says what to do.
package struct CredentialError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// What was asked for is not possible for anybody: a name or number out of range.
        case wrongRequest
        /// A file exists that would be overwritten.
        case exists
        /// A file or folder cannot be read, written, or understood.
        case unusable
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
