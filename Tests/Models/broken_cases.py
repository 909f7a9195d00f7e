"""Files that are no models, models that no rule can use, and models that do not answer in time or at all."""

import time

import numpy as np
import onnx
from graph_cases import FLOAT, INT64, WIDTH, layer, tensor
from model_cases import graph_model, open_session
from onnx import TensorProto, helper

# NAME: a word that the message must hold besides the name of the file, in which it does not occur.
REFUSED = {
    "empty": "", "truncated": "", "not-onnx": "", "two-free": "dimension", "weights-elsewhere": "external",
    "of-words": "string", "of-halves": "float16"}


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
    for name, seconds in (("slow", 0.05), ("very-slow", 3)):
        onnx.save(slow(seconds, folder), folder / f"{name}.onnx")


def product(weights, kind, shape):
    return graph_model(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])], [("x", kind, shape)], [("y", kind, [None, 3])], weights)


def throws():
    """Looks up 10, 20, 30 by index, and fails while it runs where there is none."""
    return graph_model(
        [helper.make_node("Gather", ["table", "index"], ["y"])], [("index", INT64, [None, 1])], [("y", FLOAT, [None, 1])],
        [tensor(np.array([10, 20, 30], np.float32), "table")])


def turning(count):
    """Turns x `count` times by a small angle, in a loop that can't be computed beforehand; the answer stays of length 1."""
    angle = 0.01
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    body = helper.make_graph(
        [helper.make_node("MatMul", ["before", "turn"], ["after"]), helper.make_node("Identity", ["go"], ["go_on"])], "body",
        [helper.make_tensor_value_info("number", INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("before", FLOAT, None)],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []), helper.make_tensor_value_info("after", FLOAT, None)])
    nodes = [helper.make_node("Loop", ["count", "always", "x"], ["turned"], body=body),
             helper.make_node("ReduceSumSquare", ["turned"], ["y"], axes=[1], keepdims=1)]
    return graph_model(
        nodes, [("x", FLOAT, [None, 2])], [("y", FLOAT, [None, 1])],
        [tensor(turn, "turn"), tensor(np.array(count, np.int64), "count"), tensor(np.array(True), "always")])


def slow(seconds, folder):
    """A model that takes about so long on this machine, and the square of the length of x as its answer."""
    count, path = 5_000, folder / "measured.onnx"
    onnx.save(turning(count), path)
    session = open_session(path)
    fastest = min(measure(session) for _ in range(5))
    path.unlink()
    return turning(round(count * seconds / fastest))


def measure(session):
    began = time.perf_counter()
    session.run(None, {"x": np.ones((1, 2), np.float32)})
    return time.perf_counter() - began
