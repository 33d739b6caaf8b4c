"""A sequence-to-sequence model that turns words round, letter by letter.

An encoder LSTM reads a word, its states start a decoder LSTM, which is trained on the letters that
came before (teacher forcing). For inference both are models of their own that share the layers.
Run it with `python examples/seq2seq.py`; a number as argument sets the epochs.
"""

import sys

import numpy as np

from konnx.layers import LSTM, Dense, Input
from konnx.models import Model

LETTERS = "abcdefgh"
START, STOP = "<", ">"
ALPHABET = LETTERS + START + STOP
NUMBERS = {letter: number for number, letter in enumerate(ALPHABET)}
LONGEST, UNITS = 4, 64


def encode(texts, length):
    """One-hot letters, (texts, length, alphabet)."""
    array = np.zeros((len(texts), length, len(ALPHABET)), dtype="float32")
    for row, text in zip(array, texts):
        for step, letter in enumerate(text):
            row[step, NUMBERS[letter]] = 1.0
    return array


def make_words(count, random):
    lengths = random.randint(2, LONGEST + 1, size=count)
    return ["".join(random.choice(list(LETTERS), size=length)) for length in lengths]


def make_models():
    encoder_inputs = Input(shape=(None, len(ALPHABET)))
    _, state_h, state_c = LSTM(UNITS, return_state=True)(encoder_inputs)
    encoder_states = [state_h, state_c]

    decoder_inputs = Input(shape=(None, len(ALPHABET)))
    decoder_lstm = LSTM(UNITS, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
    decoder_dense = Dense(len(ALPHABET), activation="softmax")
    decoder_outputs = decoder_dense(decoder_outputs)
    model = Model([encoder_inputs, decoder_inputs], decoder_outputs)

    encoder_model = Model(encoder_inputs, encoder_states)
    states_inputs = [Input(shape=(UNITS,)), Input(shape=(UNITS,))]
    outputs, state_h, state_c = decoder_lstm(decoder_inputs, initial_state=states_inputs)
    decoder_model = Model(
        [decoder_inputs, *states_inputs], [decoder_dense(outputs), state_h, state_c]
    )
    return model, encoder_model, decoder_model


def decode(word, encoder_model, decoder_model):
    states = encoder_model.predict(encode([word], len(word)))
    letter, text = START, ""
    while len(text) <= LONGEST:
        output, *states = decoder_model.predict([encode([letter], 1), *states])
        letter = ALPHABET[output[0, -1].argmax()]
        if letter == STOP:
            break
        text += letter
    return text


def main(epochs: int = 40) -> float:
    random = np.random.RandomState(0)
    words = make_words(3000, random)
    targets = [word[::-1] for word in words]
    x = encode(words, LONGEST)
    shown = encode([START + target for target in targets], LONGEST + 1)
    wanted = encode([target + STOP for target in targets], LONGEST + 1)

    model, encoder_model, decoder_model = make_models()
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
    model.fit([x, shown], wanted, batch_size=64, epochs=epochs, verbose=2, validation_split=0.1)

    right = 0
    tested = words[-50:]
    for word in tested:
        turned = decode(word, encoder_model, decoder_model)
        right += turned == word[::-1]
    print(f"{word} -> {turned}; {right} of {len(tested)} words are right")
    return right / len(tested)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
