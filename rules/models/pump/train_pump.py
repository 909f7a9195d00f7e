#!/usr/bin/env python3
"""Trains pump.onnx: which power does a pump take when it is in order, by its flow and pressure?

    pip install numpy scikit-learn skl2onnx onnx onnxruntime
    rules/models/pump/train_pump.py [MODEL.onnx]

A regression by a small network. Its two inputs have names, so the rule says `pump(flow: .flow, pressure: .pressure)` and
can't mix them up. The scaling of the channels is a part of the model. A network guesses beyond what it was trained on, so
the rule asks for flows of the training's range only.

For a model of your own, replace `recordings` by hours in which the pump was known to be in order.
"""

import pathlib
import sys

import numpy as np
import onnxruntime
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

CHANNELS = ["flow", "pressure"]
SEED = 3

# The states of the tests beside the rule.
STATES = {"usual": (40, 5.5), "throttled": (20, 6.5), "far open": (60, 4)}


def recordings(count, random):
    """Flow (m³/h) and pressure (bar), and the power (kW) that a pump in order took."""
    flow = random.uniform(10, 70, count)
    # A valve behind the pump and its speed are set as the process asks, so pressure is not a function of flow alone.
    speed = random.uniform(0.85, 1.05, count)
    pressure = 7 * speed ** 2 - 0.0008 * flow ** 2 + random.normal(0, 0.02, count)
    efficiency = 0.78 - 0.00022 * (flow / speed - 45) ** 2
    power = flow * pressure / 36 / efficiency + random.normal(0, 0.08, count)
    return np.column_stack([flow, pressure]).astype(np.float32), power


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("pump.onnx")
    random = np.random.default_rng(SEED)
    rows, power = recordings(6_000, random)
    pipeline = make_pipeline(
        StandardScaler(), MLPRegressor(
            hidden_layer_sizes=(12,), activation="tanh", solver="lbfgs", alpha=1e-3, max_iter=800, random_state=SEED))
    pipeline.fit(rows, power)
    # An input for each channel: the converter joins them in this order.
    model = convert_sklearn(
        pipeline, "pump", [(name, FloatTensorType([None, 1])) for name in CHANNELS],
        target_opset={"": 17, "ai.onnx.ml": 3}, final_types=[("power", FloatTensorType([None, 1]))])
    model.ir_version = 8
    model.producer_name, model.producer_version, model.doc_string = "", "", ""
    path.write_bytes(model.SerializeToString(deterministic=True))

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def expected(values):
        values = np.asarray(values, dtype=np.float32)
        return session.run(["power"], {name: values[:, place:place + 1] for place, name in enumerate(CHANNELS)})[0].ravel()

    fresh, truth = recordings(20_000, random)
    difference = np.abs(expected(fresh) - pipeline.predict(fresh)).max()
    assert difference < 1e-4, f"the model differs from scikit-learn by {difference}"
    residual = truth - expected(fresh)
    print(f"{path}: {path.stat().st_size} bytes, within {difference:.1e} of scikit-learn")
    print(f"  residual of fresh hours: {residual.std():.3f} kW, {np.abs(residual).max():.2f} kW at most")
    for name, state in STATES.items():
        print(f"  {name}: {expected([state])[0]:.5f} kW")


if __name__ == "__main__":
    main()
