"""What a model is asked and what it must answer: the form in which make_models.py writes it, and test_models.py reads it."""

import dataclasses
import json

import numpy as np
import onnx
import onnxruntime
from onnx import helper

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


@dataclasses.dataclass
class Case:
    """A sound model with its questions and answers.

    `inputs` are arrays with a row for each message; `fields` of the message hold them, in this order. `results` maps what a
    rule writes behind the model's result (`outputs.label`) to a function of the outputs of one row, which come as a
    dictionary, without the free dimension.
    """

    name: str
    model: onnx.ModelProto
    inputs: dict
    results: dict
    call: str = "m(.x)"
    fields: tuple = ("x",)
    declaration: str = ""
    window: str = ""
    is_flat: bool = False
    is_bit_equal: bool = True

    def write(self, folder):
        """NAME.onnx, and NAME.json with the messages and what must come out of each."""
        onnx.checker.check_model(self.model, full_check=True)
        path = folder / f"{self.name}.onnx"
        path.write_bytes(self.model.SerializeToString(deterministic=True))
        (folder / f"{self.name}.json").write_text(json.dumps({
            "call": self.call, "declaration": self.declaration, "window": self.window, "is_bit_equal": self.is_bit_equal,
            "messages": self.messages(), "expected": self.expected(path)}))

    def messages(self):
        columns = [[plain(row) if self.is_flat or row.size == 1 else row.tolist() for row in array]
                   for array in self.inputs.values()]
        return [dict(zip(self.fields, values)) for values in zip(*columns)]

    def expected(self, path):
        """What ONNX Runtime says, row by row as a rule asks: other sizes of a batch add up in another order.

        A float32 stands as the double that equals it.
        """
        session = open_session(path)
        names = [output.name for output in session.get_outputs()]
        rows = []
        for place in range(len(next(iter(self.inputs.values())))):
            row = {name: array[place:place + 1] for name, array in self.inputs.items()}
            outputs = dict(zip(names, (value[0] for value in session.run(None, row))))
            rows.append({result: plain(function(outputs)) for result, function in self.results.items()})
        return rows


class WindowCase(Case):
    """Messages of one number; the model sees the newest `width`, and is not asked before there are so many."""

    width = 8

    def messages(self):
        (values,) = self.inputs.values()
        return [{"x": value} for value in values.tolist()]

    def expected(self, path):
        (name, values), = self.inputs.items()
        windows = np.lib.stride_tricks.sliding_window_view(values, self.width)
        full = Case(self.name, self.model, {name: windows}, self.results).expected(path)
        return [{result: None for result in self.results}] * (self.width - 1) + full


def open_session(path):
    """One thread, as in a rule: several add up in another order."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def plain(value):
    """As JSON holds it: a number, or a flat list."""
    value = np.asarray(value)
    return value.item() if value.size == 1 else value.ravel().tolist()


def graph_model(nodes, inputs, outputs, tensors=()):
    """A model of nodes; inputs and outputs are (name, element type, shape)."""
    graph = helper.make_graph(
        nodes, "model", [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs], list(tensors))
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=8)


def classifier(scores="probabilities", label="label"):
    """The results of a classifier whose outputs have these names."""
    results = {
        "class": lambda outputs: np.argmax(outputs[scores]),
        "confidence": lambda outputs: np.max(outputs[scores]),
        "scores": lambda outputs: outputs[scores],
        f"outputs.{scores}": lambda outputs: outputs[scores],
    }
    if label:
        results[f"outputs.{label}"] = lambda outputs: outputs[label]
    return results
