#!/usr/bin/env python3
"""Trains bearing-int8.onnx: is a bearing healthy, worn or failing, from its last 64 vibration readings?

    pip install numpy scikit-learn skl2onnx onnx onnxruntime
    rules/models/bearing/train_bearing.py [MODEL.onnx]

A scikit-learn pipeline (scaling, then a network) is converted to ONNX and its weights and activations are quantised to
eight bits: the usual way for models that were trained on a large machine and run on a small one. For your own, replace
`recordings` by windows that you have labelled; keep their length in the rule's `window last 64`.
"""

import logging
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LABELS = ["healthy", "worn", "failing"]
WINDOW = 64
SEED = 5

# The windows of the tests beside the rule: so many readings of each value, oldest first.
WINDOWS = {
    "healthy": [(64, 1.1)],
    "worn": [(20, 2.4), (1, 4.1), (22, 2.5), (1, 4.3), (20, 2.4)],
    "failing": [(16, 4.0), (16, 4.8), (16, 5.6), (16, 6.4)],
    "healthy, with one bump": [(40, 1.2), (1, 6.0), (23, 1.2)],
}


def recordings(count, random):
    """Windows of velocity (mm/s, root mean square), and the index of the label of each."""
    classes = random.integers(0, len(LABELS), count)
    flicker = random.uniform(0.01, 0.25, (count, 1)) * random.standard_normal((count, WINDOW))
    level = np.choose(classes, [
        random.uniform(0.4, 1.7, count), random.uniform(1.9, 3.2, count), random.uniform(3.4, 5.5, count)])[:, np.newaxis]
    windows = level * (1 + flicker)
    # A knock now and then is nothing; a worn race knocks at every few readings; a failing one gets louder.
    knocks = random.random((count, WINDOW)) < np.choose(classes, [0.01, 0.06, 0.15])[:, np.newaxis]
    windows += knocks * random.uniform(0.5, 4, (count, WINDOW))
    rise = random.uniform(0, 2.5, (count, 1)) * np.linspace(0, 1, WINDOW)
    windows += (classes == 2)[:, np.newaxis] * rise
    return np.maximum(windows, 0.05).astype(np.float32), classes


class Calibration(CalibrationDataReader):
    """Windows whose activations decide the ranges of the eight bits."""

    def __init__(self, windows):
        self.rows = iter(windows)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"rms": row[np.newaxis]}


def convert(pipeline):
    """Without ZipMap the probabilities are a tensor. The scaler becomes the first node of the graph."""
    model = convert_sklearn(
        pipeline, "bearing", [("rms", FloatTensorType([None, WINDOW]))], target_opset={"": 17, "ai.onnx.ml": 3},
        options={"zipmap": False})
    model.ir_version = 8
    return model


def quantise(model, windows, path):
    """Eight bits for the weights of both layers. Seven are used of them: older processors add up in sixteen."""
    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        exact, rough = pathlib.Path(folder) / "exact.onnx", pathlib.Path(folder) / "rough.onnx"
        onnx.save(model, exact)
        quantize_static(
            exact, rough, Calibration(windows), quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, reduce_range=True, op_types_to_quantize=["MatMul"])
        quantised = onnx.load(rough)
    quantised.producer_name, quantised.producer_version, quantised.doc_string = "", "", ""
    del quantised.metadata_props[:]
    path.write_bytes(quantised.SerializeToString(deterministic=True))


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("bearing-int8.onnx")
    random = np.random.default_rng(SEED)
    windows, classes = recordings(6_000, random)
    pipeline = make_pipeline(
        StandardScaler(),
        MLPClassifier(
            hidden_layer_sizes=(24,), alpha=1e-3, early_stopping=True, n_iter_no_change=30, random_state=SEED))
    pipeline.fit(windows, classes)
    model = convert(pipeline)
    quantise(model, windows[:500], path)

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    exact = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    fresh, truth = recordings(20_000, random)
    before = exact.run(["probabilities"], {"rms": fresh})[0]
    after = session.run(["probabilities"], {"rms": fresh})[0]
    difference = np.abs(before - pipeline.predict_proba(fresh)).max()
    assert difference < 1e-4, f"the model differs from scikit-learn by {difference}"
    right = (after.argmax(axis=1) == truth).mean()
    same = (after.argmax(axis=1) == before.argmax(axis=1)).mean()
    assert right > 0.97 and same > 0.98, f"{right:.2%} are right, {same:.2%} as before the quantisation"
    print(f"{path}: {path.stat().st_size} bytes, {len(model.SerializeToString())} before the quantisation")
    print(f"  {right:.2%} of fresh windows are right, {same:.2%} as before the quantisation")
    for name, parts in WINDOWS.items():
        row = np.array([[value for count, value in parts for _ in range(count)]], dtype=np.float32)
        scores = session.run(["probabilities"], {"rms": row})[0][0]
        print(f"  {name}: {LABELS[scores.argmax()]}, scores {', '.join(f'{score:.6f}' for score in scores)}")


if __name__ == "__main__":
    main()
