import Testing

@testable import sluice

struct DemoProcTextTests {
    @Test func processorsCountWaitingForDisksAsIdle() throws {
        let text = """
            cpu  100 10 50 800 40 5 5 0 7 0
            cpu0 50 5 25 400 20 2 3 0 0 0
            intr 12345 1 2 3
            ctxt 987654
            btime 1700000000
            """
        let found = try #require(ProcText.processors(stat: text))
        #expect(found == .init(busy: 170, total: 1010, contextSwitches: 987_654))
    }

    @Test(arguments: ["", "cpu  1 2 3\nctxt 5\n", "cpu  1 2 3 4 5 6 7 8\n", "cpu  a b c d e\nctxt 1\n"])
    func otherTextsAreNoProcessors(text: String) {
        #expect(ProcText.processors(stat: text) == nil)
    }

    @Test func memoryIsWhatProgramsCannotHaveAnyMore() throws {
        let text = "MemTotal:        1000 kB\nMemFree:          100 kB\nMemAvailable:     750 kB\n"
        #expect(try #require(ProcText.memoryUsedPercent(meminfo: text)) == 25)
        #expect(ProcText.memoryUsedPercent(meminfo: "MemTotal: 0 kB\nMemAvailable: 0 kB\n") == nil)
        #expect(ProcText.memoryUsedPercent(meminfo: "MemTotal: 10 kB\n") == nil)
    }

    @Test func networkIsTheSumOverInterfacesBothWays() {
        let text = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
                lo:     100       1    0    0    0     0          0         0      200       1    0    0    0     0
              eth0:    3000       1    0    0    0     0          0         0     4000       1    0    0    0     0
            """
        #expect(ProcText.networkBytes(dev: text) == 7_300)
        #expect(ProcText.networkBytes(dev: "no interfaces") == nil)
    }

    @Test func partitionsAreInTheirDisks() {
        let text = """
               7       0 loop0 9 9 9999 9 9 9 9999 9 9 9 9
               8       0 sda 10 0 100 0 20 0 200 0 0 0 0
               8       1 sda1 10 0 100 0 20 0 200 0 0 0 0
             259       0 nvme0n1 1 0 1000 0 1 0 2000 0 0 0 0
             259       1 nvme0n1p1 1 0 1000 0 1 0 2000 0 0 0 0
             253       0 dm-0 1 0 5000 0 1 0 5000 0 0 0 0
            """
        #expect(ProcText.diskBytes(diskstats: text) == 512 * 3_300)
        #expect(ProcText.diskBytes(diskstats: "   7 0 loop0 1 1 1 1 1 1 1") == nil)
    }

    @Test func smallTexts() {
        #expect(ProcText.load(loadavg: "0.52 0.58 0.59 1/467 12345\n") == 0.52)
        #expect(ProcText.residentPages(statm: "2000 350 200 1 0 500 0\n") == 350)
        #expect(ProcText.writtenBytes(io: "rchar: 1\nwchar: 4096\nsyscr: 2\n") == 4_096)
        #expect(ProcText.celsius("42500\n") == 42.5)
        #expect(ProcText.celsius("-5000\n") == -5)
        #expect(ProcText.celsius("999999999\n") == nil)
        #expect(ProcText.celsius("") == nil)
    }

    @Test func demandGoesOnWhenThreadsEndAndNumbersComeAgain() {
        #expect(ProcText.demandNanoseconds(schedstat: "700 300 12\n") == 1_000)
        #expect(ProcText.demandNanoseconds(schedstat: "700\n") == nil)
        var demand = ProcessorDemand()
        #expect(demand.add(["1": 100, "2": 50]) == 150)
        #expect(demand.add(["1": 130]) == 180)
        #expect(demand.add(["1": 130, "2": 20]) == 200)
        #expect(demand.add(["1": 10, "2": 20]) == 210)
        #expect(demand.add([:]) == nil)
    }

    @Test func aNumberBeyond64BitsIsNone() {
        #expect(ProcText.writtenBytes(io: "wchar: 18446744073709551615\n") == .max)
        #expect(ProcText.writtenBytes(io: "wchar: 18446744073709551616\n") == nil)
    }

    @Test func aTrailingRateIsOverItsSpan() {
        var rate = TrailingRate(spanSeconds: 1)
        #expect(rate.add(0, atSecond: 0) == nil)
        #expect(rate.add(10, atSecond: 0.25) == nil)
        #expect(rate.add(20, atSecond: 0.5) == 40)
        #expect(rate.add(40, atSecond: 1) == 40)
        // The first second is over: only what rose after 0.5 s counts.
        #expect(rate.add(40, atSecond: 1.5) == 20)
        // A counter that falls begins anew.
        #expect(rate.add(3, atSecond: 2) == nil)
    }
}
