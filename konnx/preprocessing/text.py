"""Texts as words, and words as numbers, where Keras has them."""

from konnx.preprocessing.tokenizer import Tokenizer, tokenizer_from_json
from konnx.preprocessing.words import hashing_trick, one_hot, text_to_word_sequence

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]
