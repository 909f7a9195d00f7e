"""Models of a few nodes, as PyTorch and others export them: every type, shape and form of answer that a rule can use."""

import numpy as np
from model_cases import Case, WindowCase, classifier, graph_model
from onnx import TensorProto, helper, numpy_helper

FLOAT, DOUBLE, INT64, INT32 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.INT32
WIDTH = 8
ROWS = 24


def tensor(values, name):
    return numpy_helper.from_array(np.asarray(values), name)


def layer(random, rows, columns, name, kind=np.float32):
    return tensor((random.standard_normal((rows, columns)) / np.sqrt(rows)).astype(kind), name)


def cases(random):
    rows = random.standard_normal((ROWS, WIDTH)).astype(np.float32)
    yield auto_encoder(random, rows)
    yield from logits(random, rows)
    yield from regressions(random, rows)
    yield from two_inputs(random, rows)
    yield from shapes(random, rows)
    yield from types(random)
    yield several_outputs(random, rows)
    yield odd_names(random, rows)
    yield window(random)


def auto_encoder(random, rows):
    """Two Gemm with transposed weights, as PyTorch exports Linear."""
    nodes = [
        helper.make_node("Gemm", ["x", "encoder.weight", "encoder.bias"], ["code"], transB=1),
        helper.make_node("Relu", ["code"], ["active"]),
        helper.make_node("Gemm", ["active", "decoder.weight", "decoder.bias"], ["rebuilt"], transB=1)]
    tensors = [
        layer(random, 3, WIDTH, "encoder.weight"), tensor(np.zeros(3, np.float32), "encoder.bias"),
        layer(random, WIDTH, 3, "decoder.weight"), tensor(np.ones(WIDTH, np.float32), "decoder.bias")]
    model = graph_model(nodes, [("x", FLOAT, ["batch", WIDTH])], [("rebuilt", FLOAT, ["batch", WIDTH])], tensors)
    return Case("auto-encoder", model, {"x": rows}, {"outputs.rebuilt": lambda outputs: outputs["rebuilt"]})


def softmax(values):
    powers = np.exp(np.asarray(values, np.float64) - np.max(values))
    return powers / powers.sum()


def logits(random, rows):
    """A classifier without its last step: the declaration says so, and labels come from there, too."""
    tensors = [layer(random, WIDTH, 3, "weights")]
    model = graph_model(
        [helper.make_node("MatMul", ["x", "weights"], ["logits"])], [("x", FLOAT, [None, WIDTH])],
        [("logits", FLOAT, [None, 3])], tensors)
    labels = ["healthy", "worn", "failing"]
    declaration = " labels " + ", ".join(f'"{label}"' for label in labels)
    yield Case("logits", model, {"x": rows}, {
        "class": lambda outputs: np.argmax(outputs["logits"]),
        "label": lambda outputs: labels[np.argmax(outputs["logits"])],
        "confidence": lambda outputs: softmax(outputs["logits"]).max(),
        "outputs.logits": lambda outputs: outputs["logits"]}, declaration=declaration + " logits", is_bit_equal=False)
    yield Case("scores", model, {"x": rows}, classifier("logits", None) | {
        "label": lambda outputs: labels[np.argmax(outputs["logits"])]}, declaration=declaration)


def regressions(random, rows):
    tensors = [layer(random, WIDTH, 1, "weights"), tensor(np.array([1], np.int64), "axes")]
    product = helper.make_node("MatMul", ["x", "weights"], ["column"])
    results = {"value": lambda outputs: next(iter(outputs.values()))}
    yield Case("regression-column", graph_model(
        [product], [("x", FLOAT, [None, WIDTH])], [("column", FLOAT, [None, 1])], tensors[:1]), {"x": rows}, results)
    yield Case("regression-flat", graph_model(
        [product, helper.make_node("Squeeze", ["column", "axes"], ["flat"])], [("x", FLOAT, [None, WIDTH])],
        [("flat", FLOAT, [None])], tensors), {"x": rows}, results)


def two_inputs(random, rows):
    """Named in the call, and in another order than in the model."""
    nodes = [helper.make_node("Concat", ["temp", "hist"], ["all"], axis=1),
             helper.make_node("MatMul", ["all", "weights"], ["expected"])]
    model = graph_model(
        nodes, [("temp", FLOAT, [None, 1]), ("hist", FLOAT, [None, WIDTH])], [("expected", FLOAT, [None, 1])],
        [layer(random, WIDTH + 1, 1, "weights")])
    inputs = {"temp": (20 + 3 * random.standard_normal((ROWS, 1))).astype(np.float32), "hist": rows}
    for name, call in (("two-inputs", "m(temp: .temp, hist: .hist)"), ("two-inputs-swapped", "m(hist: .hist, temp: .temp)")):
        yield Case(name, model, inputs, {"value": lambda outputs: outputs["expected"]}, call=call, fields=("temp", "hist"))
    flags = graph_model(
        [helper.make_node("Where", ["on", "high", "low"], ["chosen"])],
        [("on", TensorProto.BOOL, [None, 1]), ("high", FLOAT, [None, 1]), ("low", FLOAT, [None, 1])],
        [("chosen", FLOAT, [None, 1])])
    yield Case("three-inputs-two-types", flags, {
        "on": rows[:, :1] > 0, "high": rows[:, 1:2], "low": rows[:, 2:3]}, {"value": lambda outputs: outputs["chosen"]},
        call="m(on: .on, high: .high, low: .low)", fields=("on", "high", "low"))


def shapes(random, rows):
    """The free dimension is the first; all others are filled in order, nested lists or flat ones."""
    weights = [layer(random, 2, 3, "weights")]
    product = [helper.make_node("MatMul", ["x", "weights"], ["y"])]
    model = graph_model(product, [("x", FLOAT, ["batch", 4, 2])], [("y", FLOAT, ["batch", 4, 3])], weights)
    results = {"outputs.y": lambda outputs: outputs["y"]}
    cube = rows.reshape(ROWS, 4, 2)
    yield Case("rank-3-nested", model, {"x": cube}, results)
    yield Case("rank-3-flat", model, {"x": cube}, results, is_flat=True)
    weights = [layer(random, WIDTH, 3, "weights")]
    yield Case("fixed-batch", graph_model(
        product, [("x", FLOAT, [1, WIDTH])], [("y", FLOAT, [1, 3])], weights), {"x": rows}, results)
    yield Case("numbers", graph_model(
        product, [("x", FLOAT, [None, WIDTH])], [("y", FLOAT, [None, 3])], weights), {"x": rows}, results,
        call="m(" + ", ".join(f".x[{place}]" for place in range(WIDTH)) + ")")


def types(random):
    """The model sees the numbers as they are: nothing is rounded on the way to an integer or a double."""
    doubles = random.standard_normal((ROWS, WIDTH)) * 1e6
    yield Case("float64", graph_model(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])], [("x", DOUBLE, [None, WIDTH])], [("y", DOUBLE, [None, 3])],
        [layer(random, WIDTH, 3, "weights", np.float64)]), {"x": doubles}, {"outputs.y": lambda outputs: outputs["y"]})
    for name, kind, low, high, dtype in (
            ("int64", INT64, -2 ** 52, 2 ** 52, np.int64), ("int32", INT32, -2 ** 31, 2 ** 31, np.int32),
            ("int8", TensorProto.INT8, -128, 128, np.int8),
            ("uint8", TensorProto.UINT8, 0, 256, np.uint8), ("bool", TensorProto.BOOL, 0, 2, np.bool_)):
        nodes = [helper.make_node("Cast", ["x"], ["whole"], to=INT64), helper.make_node("Cast", ["x"], ["real"], to=DOUBLE),
                 helper.make_node("ReduceSum", ["real", "axes"], ["sum"], keepdims=0)]
        model = graph_model(
            nodes, [("x", kind, [None, WIDTH])], [("whole", INT64, [None, WIDTH]), ("sum", DOUBLE, [None])],
            [tensor(np.array([1], np.int64), "axes")])
        yield Case(name, model, {"x": random.integers(low, high, (ROWS, WIDTH)).astype(dtype)}, {
            "outputs.whole": lambda outputs: outputs["whole"], "outputs.sum": lambda outputs: outputs["sum"]})


def several_outputs(random, rows):
    """A number where a row has one element, a flat list where it has more."""
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["square"]), helper.make_node("Reshape", ["square", "shape"], ["matrix"]),
        helper.make_node("ReduceMax", ["x"], ["peak"], axes=[1], keepdims=0),
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("ArgMax", ["x"], ["place"], axis=1, keepdims=1),
        helper.make_node("Greater", ["x", "zero"], ["is_positive"])]
    outputs = [
        ("matrix", FLOAT, [None, 2, 2]), ("peak", FLOAT, [None]), ("mean", FLOAT, [None, 1]), ("place", INT64, [None, 1]),
        ("is_positive", TensorProto.BOOL, [None, WIDTH])]
    tensors = [layer(random, WIDTH, 4, "weights"), tensor(np.array([-1, 2, 2], np.int64), "shape"),
               tensor(np.float32(0), "zero")]
    model = graph_model(nodes, [("x", FLOAT, [None, WIDTH])], outputs, tensors)
    # What a rule gets of a boolean output is left open.
    return Case("several-outputs", model, {"x": rows}, {
        f"outputs.{name}": lambda outputs, name=name: outputs[name] for name, kind, _ in outputs if kind != TensorProto.BOOL})


def odd_names(random, rows):
    """Names of tensors as TensorFlow's exporter makes them: the rule writes them in quotes."""
    model = graph_model(
        [helper.make_node("MatMul", ["serving_default_x:0", "w"], ["y"]),
         helper.make_node("Softmax", ["y"], ["StatefulPartitionedCall/dense:0"], axis=1)],
        [("serving_default_x:0", FLOAT, ["unk__1", WIDTH])], [("StatefulPartitionedCall/dense:0", FLOAT, ["unk__2", 3])],
        [layer(random, WIDTH, 3, "w")])
    name = "StatefulPartitionedCall/dense:0"
    return Case("odd-names", model, {"serving_default_x:0": rows}, {
        f'outputs."{name}"': lambda outputs: outputs[name], "class": lambda outputs: np.argmax(outputs[name])})


def window(random):
    """One number a message; the model looks at the last eight."""
    model = graph_model(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])], [("x", FLOAT, [None, WIDTH])], [("y", FLOAT, [None, 3])],
        [layer(random, WIDTH, 3, "weights")])
    return WindowCase("window", model, {"x": random.standard_normal(ROWS).astype(np.float32)}, {
        "outputs.y": lambda outputs: outputs["y"]}, call="m(collect(.x))", window=f"window last {WIDTH}")
