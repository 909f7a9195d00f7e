/// One step of a program over the registers of a rule.
struct Instruction: BitwiseCopyable {
    enum Operation: UInt8 {
        case move, truth, and, or, not, negate
        case add, subtract, multiply, divide, remainder
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        /// To `target`; `ifTrue` and `ifFalse` test a boolean, `unlessTrue` anything, `ifPresent` not missing.
        case jump, jumpIfTrue, jumpIfFalse, jumpUnlessTrue, jumpIfPresent
        /// `a` in the list `b`.
        case member, subscripted, membership
        /// Of `b` registers from `a` on.
        case makeList, makeObject, joinText, call
        case matches, fact, property, aggregate
        /// `hour` (`b` = 0) or `weekday` (`b` = 1) of `a` in the zone `target`.
        case civil
        /// The row of table `target` with the key `a`, and the cell of it in column `b`.
        case tableRow, tableCell
        /// The last message on topic `a`.
        case latest
    }
    var operation: Operation
    var destination: UInt16
    var a: UInt16 = 0
    var b: UInt16 = 0
    /// Jump target, or the index of what is meant (function, pattern, fact, aggregate).
    var target: Int32 = 0
}

/// A run of instructions and the register that holds its result. Without instructions the register is the result.
struct Program: BitwiseCopyable {
    var start: Int32
    var end: Int32
    var result: UInt16
}

/// Where each kind of name lies in the registers of a rule.
struct RegisterLayout {
    var captures: Int
    var lets: Int
    var paths: Int
    var payload: Int
    var histories: Int
    /// Results of calls of models.
    var models: Int
    var aggregates: Int
    var constants: Int

    init(captures: Int, lets: Int, paths: Int, histories: Int, models: Int, aggregates: Int) {
        self.captures = 0
        self.lets = captures
        self.paths = self.lets + lets
        self.payload = self.paths + paths
        self.histories = self.payload + 1
        self.models = self.histories + histories
        self.aggregates = self.models + models
        self.constants = self.aggregates + aggregates
    }
}
