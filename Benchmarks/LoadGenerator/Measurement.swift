import Glibc

enum Clock {
    /// Monotonic nanoseconds.
    static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// The counters at one instant; a result is the difference of two.
struct Measurement {
    let nanoseconds: UInt64
    let delivered: UInt64
    let sent: UInt64
    let generator: ProcessTimes
    let broker: ProcessTimes?
}

/// What a process used of its cores so far.
struct ProcessTimes {
    /// User and system time of all its threads.
    let busySeconds: Double
    /// Time its present threads were ready to run and another thread had the core.
    let waitingSeconds: Double

    /// nil: there is no such process.
    init?(process: Int32) {
        guard let stat = Self.text("/proc/\(process)/stat"), let name = stat.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        // Fields after the name: state is the first, utime the 12th, stime the 13th (proc(5)).
        let fields = stat[(name + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 12, let user = Self.number(fields[11]), let system = Self.number(fields[12]) else {
            return nil
        }
        busySeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        waitingSeconds = Self.waiting("/proc/\(process)/task")
    }

    private init(busySeconds: Double, waitingSeconds: Double) {
        self.busySeconds = busySeconds
        self.waitingSeconds = waitingSeconds
    }

    static func own() -> ProcessTimes {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let busy =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        return ProcessTimes(busySeconds: busy, waitingSeconds: waiting("/proc/self/task"))
    }

    /// The second number of each thread's `schedstat`, in nanoseconds; 0 where the kernel does not keep it.
    private static func waiting(_ folder: String) -> Double {
        guard let directory = opendir(folder) else { return 0 }
        defer { closedir(directory) }
        var sum = 0.0
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // "." and ".." are the process as a whole once more.
            guard !name.hasPrefix("."), let line = text("\(folder)/\(name)/schedstat") else { continue }
            let fields = line.split(separator: UInt8(ascii: " "))
            if fields.count > 1, let nanoseconds = number(fields[1]) { sum += nanoseconds / 1e9 }
        }
        return sum
    }

    private static func text(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(file, &bytes, bytes.count)
        return count > 0 ? Array(bytes[..<count]) : nil
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Double? {
        Double(String(decoding: digits, as: UTF8.self))
    }
}
