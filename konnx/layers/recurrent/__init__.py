"""Recurrent layers, their cells, and what makes one layer of them."""

from konnx.layers.recurrent.cell_rnn import GRU, LSTM, SimpleRNN
from konnx.layers.recurrent.convolutional import ConvLSTM2D, ConvLSTM2DCell, ConvRNN2D
from konnx.layers.recurrent.cudnn import CuDNNGRU, CuDNNLSTM
from konnx.layers.recurrent.gru import GRUCell
from konnx.layers.recurrent.lstm import LSTMCell
from konnx.layers.recurrent.rnn import RNN
from konnx.layers.recurrent.simple_rnn import SimpleRNNCell
from konnx.layers.recurrent.stacked import StackedRNNCells

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "ConvLSTM2D",
    "ConvLSTM2DCell",
    "ConvRNN2D",
    "CuDNNGRU",
    "CuDNNLSTM",
    "GRUCell",
    "LSTMCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "StackedRNNCells",
]
