#!/usr/bin/env python3
"""Learns what normal operation of a process looks like, and writes a model, rules and recordings that find faults in it.

    Benchmarks/process-faults/train_process_monitor.py DATA OUTPUT

DATA holds the Tennessee Eastman process as it is published: d00.dat is normal operation, d00_te.dat more of it, and
d01_te.dat … have a fault each that begins behind sample 160. Only d00.dat is learned from. OUTPUT gets

    process-monitor.onnx   52 variables in; two statistics out, each as a multiple of its limit
    process-faults.rules   the rule that raises and clears the alarm, with its tests
    normal.ndjson, fault-01.ndjson …   the recordings, for `sluice replay`

Principal components divide the process into a plane in which normal operation moves and the rest, which is noise.
Hotelling's T² says how far a sample has gone within the plane, the squared prediction error (SPE) how far it has left it.
Both, the scaling and the limits are part of the model. The limits are the greatest values that a part of d00.dat reaches
when the model has learned from the other parts: nothing is set by looking at the test data.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FAULT_BEGINS = 160  # samples before it are normal
SAMPLE_MS = 180_000
START_MS = 946_684_800_000
DWELL = 3  # samples in a row
FOLDS = 10
SEED = 1

RULES = """# Faults of a process with {width} variables. The model says how far a sample is from normal operation: in the plane in
# which the process usually moves (T²), and away from it (SPE), each as a multiple of the greatest value of normal
# operation. {dwell} samples in a row beyond it raise the alarm, {dwell} within it clear it. `channel` is where most of the
# deviation lies, counted from 0.
model monitor from "process-monitor.onnx"

rule process_fault "The process is not as usual" {{
  from "process/{{unit}}/sample" {{ x: list }}
  let verdict = monitor(.x)
  let excess = greatest(verdict.outputs.t2, verdict.outputs.spe)
  window last {dwell} by unit
  when count(excess) == {dwell} and min(excess) > 1 until max(excess) < 1
  publish "cloud/process/{{unit}}/alarm" qos 1 retain {{
    state: "raised",
    t2: round(verdict.outputs.t2, 2),
    spe: round(verdict.outputs.spe, 2),
    channel: verdict.outputs.channel,
    model: verdict.sha256
  }}
  on clear publish "cloud/process/{{unit}}/alarm" qos 1 retain {{ state: "cleared" }}
}}

test "normal operation" {{
  send 5 times "process/te/sample" {{ x: {usual} }} every 3m
  expect nothing
}}

test "a channel far away, and back" {{
  send {dwell} times "process/te/sample" {{ x: {unusual} }} every 3m
  expect "cloud/process/te/alarm" {{ state: "raised", channel: {channel} }}
  send {dwell} times "process/te/sample" {{ x: {usual} }} every 3m
  expect "cloud/process/te/alarm" {{ state: "cleared" }}
  expect nothing
}}
"""


def load(path):
    """Samples as rows. d00.dat is stored the other way round, a row for each variable."""
    table = np.loadtxt(path)
    return table.T if table.shape[0] < table.shape[1] else table


class Monitor:
    """Mean, deviation and principal components of normal operation."""

    def __init__(self, samples, component_count):
        self.mean = samples.mean(axis=0)
        self.deviation = samples.std(axis=0, ddof=1)
        scaled = (samples - self.mean) / self.deviation
        _, singular, directions = np.linalg.svd(scaled, full_matrices=False)
        self.components = directions[:component_count].T
        self.variances = singular[:component_count] ** 2 / (len(samples) - 1)

    def statistics(self, samples):
        """T² and SPE of each sample."""
        scaled = (samples - self.mean) / self.deviation
        scores = scaled @ self.components
        return (scores ** 2 / self.variances).sum(axis=1), ((scaled - scores @ self.components.T) ** 2).sum(axis=1)


def component_count(samples):
    """Parallel analysis: as many components as have more variance than those of noise of the same size."""
    random = np.random.default_rng(SEED)

    def variances(table):
        scaled = (table - table.mean(axis=0)) / table.std(axis=0, ddof=1)
        return np.linalg.svd(scaled, compute_uv=False) ** 2 / (len(table) - 1)

    noise = np.percentile([variances(random.standard_normal(samples.shape)) for _ in range(20)], 95, axis=0)
    return int(np.argmax(variances(samples) < noise))


def limits(samples, count):
    """The greatest T² and SPE of samples that the model has not learned from, part by part."""
    greatest = np.zeros(2)
    for part in np.array_split(np.arange(len(samples)), FOLDS):
        monitor = Monitor(np.delete(samples, part, axis=0), count)
        greatest = np.maximum(greatest, [values.max() for values in monitor.statistics(samples[part])])
    return greatest


def to_onnx(monitor, t2_limit, spe_limit):
    """Linear layers: scaling, projection, rest; then the two sums of squares and the greatest part of the rest."""
    width = len(monitor.mean)
    to_scores = monitor.components / np.sqrt(monitor.variances * t2_limit)
    to_rest = (np.eye(width) - monitor.components @ monitor.components.T) / np.sqrt(spe_limit)
    tensors = [
        numpy_helper.from_array(values.astype(np.float32), name)
        for name, values in (
            ("mean", monitor.mean), ("weight", 1 / monitor.deviation), ("to_scores", to_scores),
            ("to_rest", to_rest))]
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "weight"], ["scaled"]),
        helper.make_node("MatMul", ["scaled", "to_scores"], ["scores"]),
        helper.make_node("MatMul", ["scaled", "to_rest"], ["rest"]),
        helper.make_node("ReduceSumSquare", ["scores"], ["t2"], axes=[1], keepdims=1),
        helper.make_node("ReduceSumSquare", ["rest"], ["spe"], axes=[1], keepdims=1),
        helper.make_node("Abs", ["rest"], ["distance"]),
        helper.make_node("ArgMax", ["distance"], ["channel"], axis=1, keepdims=1),
    ]
    outputs = [helper.make_tensor_value_info(name, kind, [None, 1])
               for name, kind in (("t2", TensorProto.FLOAT), ("spe", TensorProto.FLOAT), ("channel", TensorProto.INT64))]
    graph = helper.make_graph(
        nodes, "process_monitor", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, width])], outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def active_samples(excess):
    """At which samples the rule's alarm is active: the same as the rule does, to prove the recipe without it."""
    active = np.zeros(len(excess), dtype=bool)
    for place in range(len(excess)):
        newest = excess[max(0, place - DWELL + 1):place + 1]
        if place > 0 and active[place - 1]:
            active[place] = newest.max() >= 1
        else:
            active[place] = len(newest) == DWELL and newest.min() > 1
    return active


def row(name, active):
    """One line of the table: false alarms in per cent of the normal samples, and the delay of the fault in samples."""
    if name == "normal":
        return f"| {name} | {len(active)} | {100 * active.mean():.2f} % | |"
    after = np.flatnonzero(active[FAULT_BEGINS:])
    delay = str(after[0] + 1) if len(after) else "never"
    return f"| {name} | {FAULT_BEGINS} | {100 * active[:FAULT_BEGINS].mean():.2f} % | {delay} |"


HEADER = "| recording | normal samples | false alarms | found at sample |\n|---|---:|---:|---:|"


def write_recording(path, recording):
    """Lines as `sluice replay` reads them."""
    with open(path, "w", encoding="utf-8") as lines:
        for place, sample in enumerate(recording.tolist()):
            message = {"topic": "process/te/sample", "payload": {"x": sample}, "time": START_MS + place * SAMPLE_MS}
            lines.write(json.dumps(message) + "\n")


def write_rules(path, monitor):
    channel = 8
    away = np.where(np.arange(len(monitor.mean)) == channel, 12 * monitor.deviation, 0)
    usual, unusual = ([round(value, 6) for value in values.tolist()] for values in (monitor.mean, monitor.mean + away))
    path.write_text(RULES.format(dwell=DWELL, width=len(usual), channel=channel, usual=usual, unusual=unusual))


def train(data, output):
    """Writes everything into `output` and gives name and excess, by the model, of each recording."""
    output.mkdir(parents=True, exist_ok=True)
    samples = load(data / "d00.dat")
    count = component_count(samples)
    greatest = limits(samples, count)
    monitor = Monitor(samples, count)
    model = output / "process-monitor.onnx"
    model.write_bytes(to_onnx(monitor, *greatest).SerializeToString(deterministic=True))
    write_rules(output / "process-faults.rules", monitor)
    print(f"{count} components, T² up to {greatest[0]:.1f}, SPE up to {greatest[1]:.1f}; {model.stat().st_size} bytes\n")

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    recordings = []
    for file in sorted(data.glob("d*_te.dat")):
        name = "normal" if file.name.startswith("d00") else f"fault-{file.name[1:3]}"
        recording = load(file)
        write_recording(output / f"{name}.ndjson", recording)
        found = np.column_stack(session.run(["t2", "spe"], {"x": recording.astype(np.float32)}))
        exact = np.column_stack(monitor.statistics(recording)) / greatest
        assert np.allclose(found, exact, rtol=1e-3), f"the model differs from its recipe at {name}"
        recordings.append((name, found.max(axis=1)))
    return recordings


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    recordings = train(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
    print(HEADER)
    for name, excess in recordings:
        print(row(name, active_samples(excess)))


if __name__ == "__main__":
    main()
