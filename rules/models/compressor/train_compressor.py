#!/usr/bin/env python3
"""Trains compressor.onnx: does the state of a screw compressor look like normal operation?

    pip install numpy scikit-learn onnx onnxruntime
    rules/models/compressor/train_compressor.py [MODEL.onnx]

An auto-encoder. It learns from normal operation alone, without examples of faults, to rebuild seven channels from two
numbers in its middle. What it has never seen it rebuilds badly: each channel may be in its range, but not all together.
The model gives the channels in units of their standard deviations, `scaled`, and what it made of them, `rebuilt`; the rule
compares the two by `error`.

For a model of your own, replace `normal_operation` by your recording, and keep the order of CHANNELS in the rule.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPRegressor

CHANNELS = ["flow", "bar", "kw", "ambient", "oil", "vibration", "kw_per_flow"]
SEED = 20

# The states of the tests beside the rule, without the last channel, which the rule computes.
STATES = {
    "usual": (14, 7.25, 86, 18, 65, 2.05),
    "power without air": (9, 7.375, 85, 18, 60, 1.75),
    "worn bearing": (14, 7.25, 86, 18, 66, 3.5),
    "blocked cooler": (14, 7.25, 86, 18, 85, 2.05),
}


def normal_operation(count, random):
    """Rows of CHANNELS from a compressor with a variable speed, summer and winter."""
    load = random.uniform(0.3, 1, count)
    ambient = random.normal(18, 6, count)
    flow = 20 * load + random.normal(0, 0.1, count)
    bar = 7.6 - 0.5 * load + random.normal(0, 0.03, count)
    kw = flow * (5.2 + 0.12 * bar) * (1 + 0.15 * (1 - load) ** 2) * random.normal(1, 0.01, count)
    oil = 52 + 18 * load + 0.5 * (ambient - 18) + random.normal(0, 1, count)
    vibration = 1 + 1.2 * load + random.gamma(4, 0.05, count)
    return np.column_stack([flow, bar, kw, ambient, oil, vibration, kw / flow]).astype(np.float32)


def to_onnx(network, mean, deviation):
    """The scaling and the layers as one graph, so that a rule passes the channels as they are measured."""
    tensors = [numpy_helper.from_array(mean.astype(np.float32), "mean"),
               numpy_helper.from_array(deviation.astype(np.float32), "deviation")]
    nodes = [helper.make_node("Sub", ["channels", "mean"], ["centred"]),
             helper.make_node("Div", ["centred", "deviation"], ["scaled"])]
    value = "scaled"
    for number, (weights, biases) in enumerate(zip(network.coefs_, network.intercepts_)):
        is_last = number == len(network.coefs_) - 1
        tensors += [numpy_helper.from_array(weights.astype(np.float32), f"weights{number}"),
                    numpy_helper.from_array(biases.astype(np.float32), f"biases{number}")]
        result = "rebuilt" if is_last else f"sum{number}"
        nodes.append(helper.make_node("Gemm", [value, f"weights{number}", f"biases{number}"], [result]))
        if not is_last:
            value = f"layer{number}"
            nodes.append(helper.make_node("Tanh", [result], [value]))
    rows = [None, len(CHANNELS)]
    graph = helper.make_graph(
        nodes, "compressor", [helper.make_tensor_value_info("channels", TensorProto.FLOAT, rows)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, rows) for name in ("scaled", "rebuilt")], tensors)
    # Old enough for every runtime since 1.17.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("compressor.onnx")
    random = np.random.default_rng(SEED)
    rows = normal_operation(4_000, random)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    scaled = (rows - mean) / deviation
    network = MLPRegressor(
        hidden_layer_sizes=(8, 2, 8), activation="tanh", alpha=1e-5, max_iter=600, tol=1e-6, random_state=SEED)
    network.fit(scaled, scaled)
    path.write_bytes(to_onnx(network, mean, deviation).SerializeToString(deterministic=True))

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def error(values):
        scaled, rebuilt = session.run(["scaled", "rebuilt"], {"channels": np.asarray(values, dtype=np.float32)})
        return ((scaled.astype(np.float64) - rebuilt) ** 2).mean(axis=1)

    fresh = normal_operation(20_000, random)
    rebuilt = session.run(["rebuilt"], {"channels": fresh})[0]
    difference = np.abs(rebuilt - network.predict((fresh - mean) / deviation)).max()
    assert difference < 1e-4, f"the model differs from scikit-learn by {difference}"
    print(f"{path}: {path.stat().st_size} bytes, within {difference:.1e} of scikit-learn")
    for percent in (50, 99, 99.9, 100):
        print(f"  {percent} % of normal operation has an error of at most {np.percentile(error(fresh), percent):.3f}")
    for name, state in STATES.items():
        # As the rule computes it: the quotient in double precision, then each channel as float32.
        print(f"  {name}: {error([[*state, state[2] / state[0]]])[0]:.6f}")


if __name__ == "__main__":
    main()
