import Foundation

/// What the configuration takes from the machine besides its file; tests give their own.
package struct ConfigurationSurroundings: Sendable {
    /// Environment variables by name.
    package var environment: [String: String]
    /// Why a file cannot be read, or `nil` when it can.
    package var whyUnreadable: @Sendable (_ path: String) -> String?
    package var folderExists: @Sendable (_ path: String) -> Bool

    package init(
        environment: [String: String], whyUnreadable: @escaping @Sendable (_ path: String) -> String?,
        folderExists: @escaping @Sendable (_ path: String) -> Bool
    ) {
        self.environment = environment
        self.whyUnreadable = whyUnreadable
        self.folderExists = folderExists
    }

    /// This process and the files that it sees.
    package static var process: ConfigurationSurroundings {
        ConfigurationSurroundings(
            environment: ProcessInfo.processInfo.environment,
            whyUnreadable: { path in
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                    return "no such file"
                }
                if isFolder.boolValue { return "it is a folder" }
                return FileManager.default.isReadableFile(atPath: path) ? nil : "permission denied"
            },
            folderExists: { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
            })
    }
}
