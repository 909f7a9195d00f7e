/// What each of the machine's sensors is called, and how exactly it measures.
extension MachineTelemetry.Quantity {
    var sensorName: String {
        switch self {
        case .processors: "cpu"
        case .memory: "memory"
        case .contextSwitches: "context-switches"
        case .network: "network"
        case .disk: "disk"
        case .load: "load"
        case .tasks: "tasks"
        case .openFiles: "open-files"
        case .temperature: "temperature"
        case .ownProcessor: Self.demoProcessorName
        case .ownMemory: Self.demoMemoryName
        case .ownOutput: Self.demoOutputName
        }
    }

    static let demoProcessorName = "demo-cpu"
    static let demoMemoryName = "demo-memory"
    static let demoOutputName = "demo-output"

    var unit: String {
        switch self {
        case .processors, .memory, .ownProcessor: "%"
        case .contextSwitches: "1000/s"
        case .network, .disk, .ownOutput: "MB/s"
        case .load, .tasks: "programs"
        case .openFiles: "files"
        case .temperature: "C"
        case .ownMemory: "MB"
        }
    }

    var source: String {
        switch self {
        case .processors, .contextSwitches: "/proc/stat"
        case .memory: "/proc/meminfo"
        case .network: "/proc/net/dev"
        case .disk: "/proc/diskstats"
        case .load, .tasks: "/proc/loadavg"
        case .openFiles: "/proc/sys/fs/file-nr"
        case .temperature: "/sys/class"
        case .ownProcessor: "/proc/self/task"
        case .ownMemory: "/proc/self/statm"
        case .ownOutput: "/proc/self/io"
        }
    }

    /// Of a counter, how many make one unit per second.
    var countsPerUnit: Double {
        switch self {
        case .network, .disk, .ownOutput: 1e6
        case .contextSwitches: 1e3
        // Nanoseconds per second, in percent of one processor.
        case .ownProcessor: 1e7
        case .processors, .memory, .load, .tasks, .openFiles, .temperature, .ownMemory: 1
        }
    }

    /// The sensor's noise on either side, in its unit.
    var resolution: Double {
        switch self {
        case .processors: 5
        case .memory: 0.5
        case .contextSwitches: 0.5
        case .network: 0.1
        case .disk: 2
        case .load: 0.1
        case .tasks: 5
        case .openFiles: 50
        case .temperature: 0.5
        case .ownProcessor: 10
        case .ownMemory: 4
        case .ownOutput: 0.5
        }
    }

    /// The same as a part of the value; the greater of both holds.
    var relativeResolution: Double {
        switch self {
        case .disk: 0.3
        case .contextSwitches, .network, .load, .tasks, .openFiles, .ownProcessor, .ownOutput: 0.1
        case .memory, .ownMemory: 0.02
        case .processors, .temperature: 0
        }
    }

    var range: ClosedRange<Double> {
        switch self {
        case .processors, .memory: 0...100
        case .temperature: -100...250
        case .contextSwitches, .network, .disk, .load, .tasks, .openFiles, .ownProcessor, .ownMemory, .ownOutput:
            0...1e9
        }
    }
}
