"""A stateful LSTM that goes on from batch to batch, where a stateless one cannot know.

Each sample holds one step of a series of random numbers; the target is the mean of that step and
the three before it, which only a state can tell. Run it with `python examples/stateful_lstm.py`; a
number as argument sets the epochs.
"""

import sys

import numpy as np

from konnx.layers import LSTM, Dense
from konnx.models import Sequential

SERIES, STEPS, WINDOW = 16, 60, 4


def make_data():
    series = np.random.RandomState(1).uniform(-1, 1, size=(STEPS + WINDOW - 1, SERIES))
    means = np.mean([series[lag : lag + STEPS] for lag in range(WINDOW)], axis=0)
    # Batch number t holds step t of every series, so that state i always belongs to series i.
    return series[WINDOW - 1 :].reshape(-1, 1, 1), means.reshape(-1, 1)


def make_model(stateful):
    model = Sequential()
    model.add(LSTM(24, batch_input_shape=(SERIES, 1, 1), return_sequences=True, stateful=stateful))
    model.add(LSTM(24, stateful=stateful))
    model.add(Dense(1))
    model.compile(loss="mse", optimizer="adam")
    return model


def train(stateful, epochs):
    x, y = make_data()
    model = make_model(stateful)
    for _ in range(epochs):
        history = model.fit(x, y, batch_size=SERIES, epochs=1, verbose=0, shuffle=False)
        model.reset_states()
    return history.history["loss"][-1]


def main(epochs: int = 60) -> tuple[float, float]:
    with_state, without = train(True, epochs), train(False, epochs)
    print(f"Mean squared error with state {with_state:.4f}, without {without:.4f}")
    return with_state, without


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
