"""Metrics that keep sums, with the data that they are computed on."""

from __future__ import annotations

from typing import Any

import numpy as np

CASES: dict[str, tuple[str, dict[str, Any], str]] = {
    "precision": ("Precision", {}, "binary"),
    "precision_threshold": ("Precision", {"thresholds": 0.3}, "binary"),
    "precision_thresholds": ("Precision", {"thresholds": [0.2, 0.5, 0.7]}, "binary"),
    "precision_even": ("Precision", {"thresholds": [0.0, 0.5, 1.0]}, "binary"),
    "precision_nothing": ("Precision", {"thresholds": 1.0}, "binary"),
    "precision_rows": ("Precision", {}, "rows"),
    "precision_top": ("Precision", {"top_k": 2}, "rows"),
    "precision_top_ties": ("Precision", {"top_k": 2}, "ties"),
    "precision_top_threshold": ("Precision", {"top_k": 2, "thresholds": 0.6}, "rows"),
    "precision_class": ("Precision", {"class_id": 1}, "rows"),
    "precision_class_top": ("Precision", {"class_id": 3, "top_k": 2}, "rows"),
    "recall": ("Recall", {}, "binary"),
    "recall_thresholds": ("Recall", {"thresholds": [0.2, 0.5, 0.7]}, "binary"),
    "recall_top": ("Recall", {"top_k": 3}, "rows"),
    "recall_class": ("Recall", {"class_id": 0}, "rows"),
    "recall_class_top": ("Recall", {"class_id": 3, "top_k": 2}, "rows"),
    "recall_none": ("Recall", {}, "negative"),
    "true_positives": ("TruePositives", {}, "rows"),
    "false_positives": ("FalsePositives", {"thresholds": 0.3}, "rows"),
    "true_negatives": ("TrueNegatives", {"thresholds": [0.2, 0.5]}, "binary"),
    "false_negatives": ("FalseNegatives", {"thresholds": [0.25, 0.75]}, "rows"),
    "auc": ("AUC", {}, "binary"),
    "auc_few": ("AUC", {"num_thresholds": 5}, "binary"),
    "auc_two": ("AUC", {"num_thresholds": 2}, "binary"),
    "auc_ties": ("AUC", {"num_thresholds": 6}, "ties"),
    "auc_minoring": ("AUC", {"summation_method": "minoring"}, "binary"),
    "auc_majoring": ("AUC", {"summation_method": "majoring"}, "binary"),
    "auc_thresholds": ("AUC", {"thresholds": [0.6, 0.1, 0.35]}, "binary"),
    "auc_rows": ("AUC", {}, "rows"),
    "auc_labels": ("AUC", {"multi_label": True}, "rows"),
    "auc_labels_weighted": (
        "AUC", {"multi_label": True, "num_labels": 4, "label_weights": [1.0, 0.0, 2.5, 0.5]},
        "rows",
    ),
    "auc_label_weights": ("AUC", {"label_weights": [1.0, 0.0, 2.5, 0.5]}, "rows"),
    "auc_labels_thresholds": ("AUC", {"multi_label": True, "thresholds": [0.2, 0.9]}, "rows"),
    "auc_logits": ("AUC", {"from_logits": True}, "logits"),
    "auc_negative": ("AUC", {}, "negative"),
    "pr": ("AUC", {"curve": "PR"}, "binary"),
    "pr_minoring": ("AUC", {"curve": "PR", "summation_method": "minoring"}, "binary"),
    "pr_majoring": ("AUC", {"curve": "PR", "summation_method": "majoring"}, "binary"),
    "pr_labels": ("AUC", {"curve": "PR", "multi_label": True}, "rows"),
    "pr_negative": ("AUC", {"curve": "PR"}, "negative"),
}  # fmt: skip
"""Class, arguments and data by name; each is computed plain and with sample weights."""

BATCHES = (0, 16, 32, 37)
"""Where the batches begin, and where the last one ends."""


def make_data() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return targets and scores of 37 samples by name."""
    generator = np.random.default_rng(5)
    n = BATCHES[-1]
    scores = generator.random((n, 1))
    rows = generator.random((n, 4))
    data = {
        "binary": (generator.random((n, 1)) < scores, scores),
        "rows": (generator.random((n, 4)) < rows, rows),
        "ties": (generator.random((n, 4)) < rows, np.round(rows * 5) / 5),
        "logits": (generator.random((n, 1)) < scores, generator.normal(size=(n, 1)) * 2),
        "negative": (np.zeros((n, 1)), scores),
    }
    return {k: (t.astype("float32"), p.astype("float32")) for k, (t, p) in data.items()}


def make_weights() -> np.ndarray:
    """Return weights of the samples, some of them 0."""
    generator = np.random.default_rng(6)
    return np.floor(generator.random(BATCHES[-1]) * 4).astype("float32") / 2
