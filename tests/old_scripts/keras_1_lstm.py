'''Trains an LSTM on texts like those of IMDB, in the way of Keras 1.'''

from __future__ import print_function

import numpy as np

np.random.seed(1337)

from keras.layers.core import Activation, Dense
from keras.layers.embeddings import Embedding
from keras.layers.recurrent import LSTM
from keras.models import Sequential
from keras.preprocessing import sequence

max_features = 50
maxlen = 12
batch_size = 16

y_train = np.random.randint(0, 2, 256)
X_train = [
    np.random.randint(1 + 25 * label, 25 + 25 * label, np.random.randint(5, 20)).tolist()
    for label in y_train
]
X_train = sequence.pad_sequences(X_train, maxlen=maxlen)
print('X_train shape:', X_train.shape)

model = Sequential()
model.add(Embedding(max_features, 16, dropout=0.2))
model.add(LSTM(16, dropout_W=0.2, dropout_U=0.2, inner_activation='hard_sigmoid'))
model.add(Dense(1))
model.add(Activation('sigmoid'))

model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X_train, y_train, batch_size=batch_size, nb_epoch=6, verbose=0,
          validation_data=(X_train, y_train))
score, acc = model.evaluate(X_train, y_train, batch_size=batch_size, verbose=0)
print('Test score:', score)
print('Test accuracy:', acc)
