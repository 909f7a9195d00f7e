import Glibc

/// Exit codes: 0 everything arrived; 1 the broker lost, reordered or refused something; 2 wrong use; 3 cannot run here.
func runLoad() -> Int32 {
    do throws(LoadError) {
        let options = try LoadOptions.parse(Array(CommandLine.arguments.dropFirst()))
        var run = LoadRun(options)
        try run.run()
        let report = try LoadReport(run)
        print(options.isJSON ? report.json : report.text)
        return report.isSound ? 0 : 1
    } catch {
        let line = error.exitCode == 0 ? "\(error.message)\n" : "LoadGenerator: \(error.message)\n"
        _ = write(error.exitCode == 0 ? STDOUT_FILENO : STDERR_FILENO, line, line.utf8.count)
        return error.exitCode
    }
}

exit(runLoad())
