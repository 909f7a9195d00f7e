"""A scikit-learn isolation forest as one node of ONNX, to be copied or imported: to_onnx(forest).

The converter of skl2onnx makes a graph of every tree, which takes about a millisecond for a single row; one
TreeEnsembleRegressor takes some microseconds. The output, `score`, is that of the paper by Liu, Ting and Zhou: below 0.5 for
what is usual, towards 1 for what is not. scikit-learn's `score_samples` is the same with the opposite sign.
"""

import numpy as np
from onnx import TensorProto, checker, helper

EULER = 0.5772156649015329


def mean_path(count):
    """Mean depth at which a search among `count` values ends: what a leaf stands for that was not split further."""
    if count <= 1:
        return 0.0
    if count == 2:
        return 1.0
    return 2 * (np.log(count - 1) + EULER) - 2 * (count - 1) / count


def depths(tree):
    """Depth of every node of one tree."""
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    return depth


def float32_not_above(value):
    """The greatest float32 that is not above `value`: a float32 row goes the same way as with the exact threshold."""
    near = np.float32(value)
    return near if near <= value else np.nextafter(near, np.float32(-np.inf))


def to_onnx(forest, name="isolation_forest"):
    """A model with the input `channels` [rows, features] and the output `score` [rows, 1], both float32.

    The trees add up depth / (number of trees × mean path), and the score is 2 to the power of minus that sum.
    """
    share = 1 / (len(forest.estimators_) * mean_path(forest.max_samples_))
    nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")}
    target = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for number, (estimator, features) in enumerate(zip(forest.estimators_, forest.estimators_features_)):
        tree = estimator.tree_
        depth = depths(tree)
        for node in range(tree.node_count):
            is_leaf = tree.children_left[node] < 0
            nodes["treeids"].append(number)
            nodes["nodeids"].append(node)
            nodes["featureids"].append(0 if is_leaf else int(features[tree.feature[node]]))
            nodes["modes"].append("LEAF" if is_leaf else "BRANCH_LEQ")
            nodes["values"].append(0.0 if is_leaf else float(float32_not_above(tree.threshold[node])))
            nodes["truenodeids"].append(0 if is_leaf else int(tree.children_left[node]))
            nodes["falsenodeids"].append(0 if is_leaf else int(tree.children_right[node]))
            if is_leaf:
                target["treeids"].append(number)
                target["nodeids"].append(node)
                target["ids"].append(0)
                target["weights"].append(float(share * (depth[node] + mean_path(tree.n_node_samples[node]))))
    ensemble = helper.make_node(
        "TreeEnsembleRegressor", ["channels"], ["exponent"], domain="ai.onnx.ml", n_targets=1, aggregate_function="SUM",
        **{f"nodes_{key}": values for key, values in nodes.items()},
        **{f"target_{key}": values for key, values in target.items()})
    graph = helper.make_graph(
        [ensemble, helper.make_node("Neg", ["exponent"], ["negative"]),
         helper.make_node("Pow", ["two", "negative"], ["score"])],
        name,
        [helper.make_tensor_value_info("channels", TensorProto.FLOAT, [None, forest.n_features_in_])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("two", TensorProto.FLOAT, [], [2.0])])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8)
    checker.check_model(model, full_check=True)
    return model
