import Testing

@testable import Inference

struct OnnxSearchTests {
    private func search(
        configured: String? = nil, _ environment: [String: String] = [:], files: [String] = []
    ) -> OnnxSearch {
        let surroundings = OnnxSurroundings(
            environment: environment, programFolder: "/opt/sluice/bin", workingFolder: "/srv/plant"
        ) { pattern in
            let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
            return files.filter { file in
                parts.count == 1
                    ? file == pattern
                    : file.hasPrefix(parts[0]) && file.hasSuffix(parts[parts.count - 1])
                        && parts.allSatisfy { file.contains($0) }
            }.sorted()
        }
        return OnnxSearch(configured: configured, surroundings: surroundings)
    }

    @Test func withoutAnythingTheLoaderIsAsked() {
        #expect(search().candidates == ["libonnxruntime.so.1", "libonnxruntime.so"])
        #expect(search().setting == nil)
    }

    @Test func placesAreTakenInTheirOrder() {
        let files = [
            "/usr/local/lib/libonnxruntime.so.1.20.0", "/opt/sluice/bin/../lib/libonnxruntime.so",
            "/srv/plant/.venv/lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime.so.1.32.0",
            "/srv/plant/.venv/lib/python3.11/site-packages/onnxruntime/capi/libonnxruntime_providers_shared.so",
            "/usr/local/lib/python3.12/dist-packages/onnxruntime/capi/libonnxruntime.so.1.19.0",
        ]
        #expect(
            search(files: files).candidates == [
                files[1], "libonnxruntime.so.1", "libonnxruntime.so", files[0], files[2], files[4],
            ])
    }

    @Test func aNamedFileIsTheOnlyOne() {
        let named = search(["ORT_DYLIB_PATH": "/a/libonnxruntime.so"], files: ["/usr/local/lib/libonnxruntime.so"])
        #expect(named.candidates == ["/a/libonnxruntime.so"])
        #expect(named.setting == "ORT_DYLIB_PATH")
        let configured = search(configured: "/b/x.so", ["ORT_DYLIB_PATH": "/a/libonnxruntime.so"])
        #expect(configured.candidates == ["/b/x.so"])
        #expect(configured.setting == "the configuration")
        #expect(search(["ORT_DYLIB_PATH": ""]).setting == nil)
    }

    @Test func aNamedFolderIsLookedInto() {
        let named = search(configured: "/opt/ort", files: ["/opt/ort/lib/libonnxruntime.so.1.20.0"])
        #expect(named.candidates == ["/opt/ort/lib/libonnxruntime.so.1.20.0"])
    }

    @Test func whatIsMissingIsSaidWithWhatToDo() {
        let missing = OnnxLibraryMissing(
            setting: nil, places: ["/opt/sluice/bin", "where the loader looks"],
            tried: [.init(path: "libonnxruntime.so.1", reason: "cannot open shared object file")])
        #expect(
            missing.description
                == "ONNX Runtime (libonnxruntime.so) was not found, looked for in /opt/sluice/bin, where "
                + "the loader looks. Install it with `pip install onnxruntime`, or unpack the archive of its release "
                + "page, and give the path of libonnxruntime.so in ORT_DYLIB_PATH.")
        let old = OnnxLibraryMissing(
            setting: "ORT_DYLIB_PATH", places: ["/a/x.so"],
            tried: [.init(path: "/a/x.so", reason: "version 1.12.0 is too old; 1.17 or later is needed")])
        #expect(
            old.description.hasPrefix(
                "ONNX Runtime (libonnxruntime.so) is not usable where ORT_DYLIB_PATH says (/a/x.so: version 1.12.0 is "
                    + "too old; 1.17 or later is needed). Install it"))
    }
}

struct OnnxFileTests {
    private func file(_ bytes: [UInt8]) -> OnnxFile? { bytes.withUnsafeBytes { OnnxFile($0) } }

    @Test func theDefaultOperatorSetIsRead() {
        var model = TestModels.regression
        model.opset = 21
        #expect(file(model.bytes)?.opset == 21)
        #expect(file([])?.opset == 0)
    }

    @Test func whatEndsWithinAFieldIsNoModel() {
        let whole = TestModels.regression.bytes
        #expect(file(whole)?.hasExternalData == false)
        for length in [1, 5, whole.count / 2, whole.count - 1] { #expect(file(Array(whole.prefix(length))) == nil) }
        // A length of 2⁶³, a variable without end, a group.
        #expect(file([0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]) == nil)
        #expect(file([UInt8](repeating: 0xFF, count: 20)) == nil)
        #expect(file([0x0B, 0x0C]) == nil)
    }
}
