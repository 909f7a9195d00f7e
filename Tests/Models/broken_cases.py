"""Files that are no models, models that no rule can use, and models that do not answer in time or at all."""

import time

import numpy as np
import onnx
from graph_cases import FLOAT, INT64, WIDTH, layer, tensor
from model_cases import graph_model, open_session
from onnx import TensorProto, helper

# NAME: the finding, and a word that the message must hold besides the name of the file, in which it does not occur.
REFUSED = {
    "empty": ("E0705", "empty"), "truncated": ("E0705", "not the whole"), "not-onnx": ("E0705", "not an ONNX model"),
    "two-free": ("E0707", "float32[N, ?]"), "weights-elsewhere": ("E0705", "another file"), "of-words": ("E0705", "string"),
    "of-halves": ("E0705", "float16")}


def write(folder, random):
    weights = [layer(random, WIDTH, 3, "weights")]
    sound = product(weights, FLOAT, [None, WIDTH])
    whole = sound.SerializeToString()
    for name, data in (("empty", b""), ("truncated", whole[:len(whole) // 2]), ("not-onnx", b"id,limit\npress-1,85\n")):
        (folder / f"{name}.onnx").write_bytes(data)
    onnx.save(product(weights, FLOAT, [None, None]), folder / "two-free.onnx")
    onnx.save(sound, folder / "weights-elsewhere.onnx", save_as_external_data=True, size_threshold=0, location="weights.bin")
    onnx.save(product([layer(random, WIDTH, 3, "weights", np.float16)], TensorProto.FLOAT16, [None, WIDTH]),
              folder / "of-halves.onnx")
    onnx.save(graph_model(
        [helper.make_node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", keys_strings=["on"], values_int64s=[1])],
        [("x", TensorProto.STRING, [None, 1])], [("y", INT64, [None, 1])]), folder / "of-words.onnx")
    onnx.save(throws(), folder / "throws.onnx")
    onnx.save(slow(0.05, None, folder), folder / "slow.onnx")
    # A fixed batch: what opens a model need not try whether rows can be run together.
    onnx.save(slow(3, 1, folder), folder / "very-slow.onnx")


def product(weights, kind, shape):
    return graph_model(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])], [("x", kind, shape)], [("y", kind, [None, 3])], weights)


def throws():
    """Looks up 10, 20, 30 by index, and fails while it runs where there is none."""
    return graph_model(
        [helper.make_node("Gather", ["table", "index"], ["y"])], [("index", INT64, [None, 1])], [("y", FLOAT, [None, 1])],
        [tensor(np.array([10, 20, 30], np.float32), "table")])


def exchanging(count, batch):
    """Exchanges the two elements of x `count` times, in a loop that can't be computed beforehand."""
    exchange = np.array([[0, 1], [1, 0]], np.float32)
    body = helper.make_graph(
        [helper.make_node("MatMul", ["before", "exchange"], ["after"]), helper.make_node("Identity", ["go"], ["go_on"])], "body",
        [helper.make_tensor_value_info("number", INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("before", FLOAT, None)],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []), helper.make_tensor_value_info("after", FLOAT, None)])
    nodes = [helper.make_node("Loop", ["count", "always", "x"], ["exchanged"], body=body),
             helper.make_node("ReduceSumSquare", ["exchanged"], ["y"], axes=[1], keepdims=1)]
    return graph_model(
        nodes, [("x", FLOAT, [batch, 2])], [("y", FLOAT, [batch, 1])],
        [tensor(exchange, "exchange"), tensor(np.array(count, np.int64), "count"), tensor(np.array(True), "always")])


def slow(seconds, batch, folder):
    """A model that takes about so long on this machine, and the square of the length of x as its answer."""
    count, path = 5_000, folder / "measured.onnx"
    onnx.save(exchanging(count, batch), path)
    session = open_session(path)
    fastest = min(measure(session) for _ in range(5))
    path.unlink()
    return exchanging(round(count * seconds / fastest), batch)


def measure(session):
    began = time.perf_counter()
    session.run(None, {"x": np.ones((1, 2), np.float32)})
    return time.perf_counter() - began
