#!/usr/bin/env python3
"""Makes the models of these tests: make_models.py FOLDER.

For each sound one there are NAME.onnx and NAME.json, which holds messages and what ONNX Runtime answers to each; the broken
ones are NAME.onnx alone. The seeds are fixed.
"""

import pathlib
import sys
import warnings

import broken_cases
import graph_cases
import numpy as np
import scikit_cases

SEED = 7

NAMES = (
    "auto-encoder", "bool", "fixed-batch", "float64", "gradient-boosting", "gradient-boosting-regression", "int32", "int64", "int8",
    "isolation-forest", "isolation-forest-one-node", "linear-regression", "logistic", "logistic-texts", "logistic-zipmap",
    "logits", "mlp", "mlp-double", "mlp-int8-dynamic", "mlp-int8-qdq", "mlp-int8-qoperator", "mlp-regression", "numbers",
    "odd-names", "random-forest", "random-forest-regression", "rank-3-flat", "rank-3-nested", "regression-column",
    "regression-flat", "scores", "several-outputs", "three-inputs-two-types", "two-inputs", "two-inputs-swapped", "uint8",
    "window")


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with warnings.catch_warnings():
        # Networks that have not converged are as good here.
        warnings.simplefilter("ignore")
        for module in (scikit_cases, graph_cases):
            for case in module.cases(np.random.default_rng(SEED)):
                case.write(folder)
                made.append(case.name)
    assert sorted(made) == sorted(NAMES), "NAMES is not the list of what is made"
    broken_cases.write(folder, np.random.default_rng(SEED))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(pathlib.Path(sys.argv[1]))
