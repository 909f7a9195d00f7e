"""Models of scikit-learn, converted by skl2onnx and quantised by ONNX Runtime as their manuals say."""

import logging
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from model_cases import Case, classifier
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.ensemble import (
    GradientBoostingClassifier, GradientBoostingRegressor, IsolationForest, RandomForestClassifier, RandomForestRegressor)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "rules/models"))
import isolation_forest  # noqa: E402  the one that is shipped

FEATURES = 8
ROWS = 24


def data(random, count=600):
    """Features of different sizes, a class of three, and a value."""
    features = (random.standard_normal((count, FEATURES)) * 10 ** np.linspace(-1, 2, FEATURES)).astype(np.float32)
    unit = features / 10 ** np.linspace(-1, 2, FEATURES)
    value = unit[:, 0] * unit[:, 1] + np.sin(unit[:, 2]) + 0.1 * random.standard_normal(count)
    return features, np.digitize(value, [-0.5, 0.5]), value


def convert(estimator, features=FEATURES, kind=FloatTensorType, options=None):
    model = convert_sklearn(
        estimator, "model", [("x", kind([None, features]))], target_opset={"": 17, "ai.onnx.ml": 3}, options=options)
    model.ir_version = 8
    return model


def cases(random):
    features, classes, value = data(random)
    fresh = data(random, ROWS)[0]
    no_zipmap = {"zipmap": False}

    def classifies(name, estimator, targets=classes, **options):
        model = convert(estimator.fit(features, targets), options=no_zipmap)
        return Case(name, model, {"x": fresh}, classifier(), **options)

    def estimates(name, estimator):
        model = convert(estimator.fit(features, value))
        (output,) = (output.name for output in model.graph.output)
        return Case(name, model, {"x": fresh}, {
            "value": lambda outputs: outputs[output], f"outputs.{output}": lambda outputs: outputs[output]})

    network = make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(32, 16), max_iter=60, random_state=1))
    yield classifies("mlp", network)
    yield classifies("random-forest", RandomForestClassifier(n_estimators=100, max_depth=8, random_state=1))
    yield classifies("gradient-boosting", GradientBoostingClassifier(n_estimators=30, random_state=1), classes > 0)
    yield classifies("logistic", make_pipeline(StandardScaler(), LogisticRegression()))
    yield estimates("mlp-regression", make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(32,), max_iter=60, random_state=1)))
    yield estimates("random-forest-regression", RandomForestRegressor(n_estimators=100, max_depth=6, random_state=1))
    yield estimates("gradient-boosting-regression", GradientBoostingRegressor(n_estimators=30, random_state=1))
    yield estimates("linear-regression", LinearRegression())
    yield from isolation_forests(features, fresh)
    yield with_zipmap(features, classes, fresh)
    yield with_texts(features, classes, fresh)
    yield with_doubles(features, classes, fresh)
    yield from quantised(convert(network, options=no_zipmap), features, fresh)


def isolation_forests(features, fresh):
    """As skl2onnx writes it, -1 or 1 and a score, and as the one node that is shipped."""
    forest = IsolationForest(n_estimators=30, max_samples=64, random_state=1).fit(features)
    model = convert_sklearn(
        forest, "model", [("x", FloatTensorType([None, FEATURES]))], target_opset={"": 17, "ai.onnx.ml": 3})
    model.ir_version = 8
    yield Case("isolation-forest", model, {"x": fresh}, {
        "value": lambda outputs: outputs["scores"], "outputs.scores": lambda outputs: outputs["scores"],
        "outputs.label": lambda outputs: outputs["label"]})
    yield Case("isolation-forest-one-node", isolation_forest.to_onnx(forest), {"channels": fresh}, {
        "value": lambda outputs: outputs["score"]})


def with_zipmap(features, classes, fresh):
    """The converter's default: label, and a map of label to probability."""
    model = convert(make_pipeline(StandardScaler(), LogisticRegression()).fit(features, classes))

    def probabilities(outputs):
        return np.array([outputs["output_probability"][label] for label in range(3)], dtype=np.float32)

    return Case("logistic-zipmap", model, {"x": fresh}, {
        "class": lambda outputs: np.argmax(probabilities(outputs)),
        "confidence": lambda outputs: np.max(probabilities(outputs)), "scores": probabilities})


def with_texts(features, classes, fresh):
    """Labels that the model itself gives as texts."""
    texts = np.array(["bad", "fair", "good"])[classes]
    model = convert(
        make_pipeline(StandardScaler(), LogisticRegression()).fit(features, texts), options={"zipmap": False})
    results = classifier(label=None) | {"label": lambda outputs: outputs["label"]}
    return Case("logistic-texts", model, {"x": fresh}, results)


def with_doubles(features, classes, fresh):
    """A model that was trained and converted with 64 bits."""
    network = make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(8,), max_iter=60, random_state=1))
    model = convert(network.fit(features.astype(np.float64), classes), kind=DoubleTensorType, options={"zipmap": False})
    return Case("mlp-double", model, {"x": fresh.astype(np.float64) + 1e-9}, classifier())


class Calibration(CalibrationDataReader):
    def __init__(self, rows):
        self.rows = iter(rows)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"x": row[np.newaxis]}


def quantised(model, features, fresh):
    """The same network with eight bits: as QDQ, as QOperator, and with scales that are found while it runs."""
    logging.getLogger().setLevel(logging.ERROR)
    static = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "reduce_range": True}
    with tempfile.TemporaryDirectory() as folder:
        exact, rough = pathlib.Path(folder) / "exact.onnx", pathlib.Path(folder) / "rough.onnx"
        onnx.save(model, exact)
        for name, quant_format in (("mlp-int8-qdq", QuantFormat.QDQ), ("mlp-int8-qoperator", QuantFormat.QOperator)):
            quantize_static(
                exact, rough, Calibration(features[:100]), quant_format=quant_format, op_types_to_quantize=["MatMul"],
                **static)
            yield Case(name, onnx.load(rough), {"x": fresh}, classifier())
        quantize_dynamic(exact, rough, weight_type=QuantType.QInt8, reduce_range=True)
        yield Case("mlp-int8-dynamic", onnx.load(rough), {"x": fresh}, classifier())
