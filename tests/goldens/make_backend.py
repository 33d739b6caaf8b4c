"""What tf_keras' backend computes: values and gradients of its functions of math and shape.

Writes backend.npz, in the form that make_backend_nn.py describes.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from make_backend_nn import FOLDER, KINKS, normal, write

X = normal(2, 3, 4)
POSITIVE = np.abs(normal(3, 4)) + np.float32(0.1)
WHOLE = np.array([[3, -2, 0, 5], [-7, 4, 1, -1]], dtype="int32")
FLAGS = np.array([[True, False], [True, True], [False, False]])
TIED = np.array([[1, 2, 2], [0, 0, 0], [3, -1, 3]], dtype="float32")
ZEROS = np.array([[2, 0, 3, 4], [0, 1, 0, 2], [1, 2, 3, 0.5]], dtype="float32")

ELEMENTWISE = [
    ("square", [X], {}),
    ("square", [WHOLE], {}),
    ("abs", [KINKS], {}),
    ("abs", [WHOLE], {}),
    ("sqrt", [POSITIVE], {}),
    ("sqrt", [np.array([-4, 9], "float32")], {}),
    ("exp", [X], {}),
    ("log", [POSITIVE], {}),
    ("round", [np.array([-2.5, -1.5, -0.4, 0.5, 1.5, 1.6], "float32")], {}),
    ("round", [WHOLE], {}),
    ("sign", [KINKS], {}),
    ("sign", [WHOLE], {}),
    ("pow", [POSITIVE], {"a": 3}),
    ("pow", [X], {"a": 2}),
    ("pow", [WHOLE], {"a": 2}),
    ("clip", [KINKS], {"min_value": -1, "max_value": 3}),
    ("clip", [KINKS], {"min_value": 1, "max_value": -1}),
    ("clip", [WHOLE], {"min_value": -1, "max_value": 3}),
    ("sin", [X], {}),
    ("cos", [X], {}),
    ("maximum", [TIED, TIED[::-1].copy()], {}),
    ("minimum", [TIED, np.array([2, 0, 0], "float32")], {}),
    ("maximum", [WHOLE, WHOLE[::-1].copy()], {}),
    *[
        (name, [first, second], {})
        for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
        for first, second in ((TIED, TIED[::-1].copy()), (WHOLE, WHOLE[::-1].copy()))
    ],
    ("cast", [KINKS], {"dtype": "int32"}),
    ("cast", [FLAGS], {"dtype": "float32"}),
    ("zeros_like", [X], {}),
    ("ones_like", [WHOLE], {}),
]

AXES: list[dict[str, Any]] = [
    {},
    {"axis": 1},
    {"axis": -1, "keepdims": True},
    {"axis": [0, 2]},
]
REDUCTIONS = [
    *[
        (name, [X], options)
        for name in ("max", "min", "sum", "prod", "mean", "var", "std", "logsumexp")
        for options in AXES
    ],
    *[
        (name, [WHOLE], {"axis": 1})
        for name in (
            "max",
            "min",
            "sum",
            "prod",
            "mean",
            "any",
            "all",
            "argmax",
            "argmin",
            "cumsum",
        )
    ],
    *[(name, [FLAGS], options) for name in ("any", "all", "mean") for options in AXES[:3]],
    ("max", [TIED], {"axis": 1}),
    ("min", [TIED], {"axis": 0}),
    ("prod", [ZEROS], {"axis": 1}),
    ("any", [ZEROS], {"axis": 0}),
    ("all", [ZEROS], {"axis": 1}),
    ("argmax", [TIED], {}),
    ("argmin", [TIED], {"axis": 0}),
    ("cumsum", [X], {}),
    ("cumsum", [X], {"axis": -1}),
    ("cumprod", [X], {"axis": 1}),
    ("logsumexp", [np.array([[1000, 1001], [-1000, -999]], "float32")], {"axis": 1}),
]

PRODUCTS = [
    ("dot", [normal(2, 3), normal(3, 4)], {}),
    ("dot", [normal(2, 5, 3), normal(3, 4)], {}),
    ("dot", [normal(2, 3), normal(4, 3, 5)], {}),
    ("dot", [normal(2, 2, 3), normal(2, 2, 3, 2)], {}),
    ("batch_dot", [normal(3, 4), normal(3, 4) + 1], {"axes": 1}),
    ("batch_dot", [normal(3, 4), normal(3, 4) + 1], {}),
    ("batch_dot", [normal(3, 2, 4), normal(3, 4, 5)], {}),
    ("batch_dot", [normal(3, 2, 4), normal(3, 5, 4)], {"axes": 2}),
    ("batch_dot", [normal(3, 4, 2), normal(3, 4, 5)], {"axes": 1}),
    ("batch_dot", [normal(3, 4, 2), normal(3, 5, 4)], {"axes": [1, 2]}),
    ("batch_dot", [normal(3, 4), normal(3, 5, 4)], {"axes": [1, 2]}),
    ("batch_dot", [normal(3, 4, 2), normal(3, 4)], {"axes": [1, 1]}),
    ("batch_dot", [normal(3, 2, 4), normal(3, 4)], {}),
    ("batch_dot", [normal(2, 3), normal(2, 4, 3, 2)], {"axes": [1, 2]}),
    ("batch_dot", [normal(2, 3, 4), normal(2, 4, 3, 2)], {"axes": [2, 1]}),
]

SHAPES = [
    ("transpose", [X], {}),
    ("permute_dimensions", [X], {"pattern": [2, 0, 1]}),
    ("gather", [X], {"indices": [1, 0, 1]}),
    ("gather", [normal(5, 2), np.array([[0, 4], [4, 1]])], {}),
    ("gather", [WHOLE, np.array([1, 1, 0], "int32")], {}),
    ("concatenate", [X, X[:, :2]], {"axis": 1}),
    ("concatenate", [X, X[..., :1]], {}),
    ("stack", [X, 2 * X], {}),
    ("stack", [WHOLE, WHOLE], {"axis": -1}),
    ("reshape", [X], {"shape": [4, -1]}),
    ("repeat_elements", [X], {"rep": 3, "axis": 1}),
    ("repeat", [normal(2, 3)], {"n": 4}),
    ("tile", [X], {"n": [1, 2, 3]}),
    ("tile", [normal(3)], {"n": 2}),
    ("flatten", [X], {}),
    ("batch_flatten", [X], {}),
    ("expand_dims", [X], {}),
    ("expand_dims", [X], {"axis": 1}),
    ("squeeze", [normal(2, 1, 3)], {"axis": 1}),
    ("reverse", [X], {"axes": [0, 2]}),
    ("reverse", [WHOLE], {"axes": 1}),
    ("one_hot", [np.array([[0, 2], [3, -1]])], {"num_classes": 3}),
    ("arange", [], {"start": 5}),
    ("arange", [], {"start": 5, "stop": 1, "step": -2}),
    ("arange", [], {"start": 0, "stop": 2, "step": 0.5, "dtype": "float32"}),
    ("eye", [], {"size": 3}),
    ("zeros", [], {"shape": [2, 3]}),
    ("ones", [], {"shape": [2], "dtype": "int32"}),
    ("constant", [], {"value": 2, "shape": [2, 2]}),
]

CALLS: list[tuple[str, list[Any], dict[str, Any]]] = [
    *ELEMENTWISE,
    *REDUCTIONS,
    *PRODUCTS,
    *SHAPES,
]

if __name__ == "__main__":
    write(FOLDER / "backend.npz", CALLS)
    sys.stdout.write(f"{len(CALLS)} calls\n")
