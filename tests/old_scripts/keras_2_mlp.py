'''Trains a simple deep NN on images like MNIST's, in the way of Keras 2.'''

from __future__ import print_function

import sys

import keras
import numpy as np
from keras.layers import Dense, Dropout
from keras.models import Sequential
from keras.optimizers import RMSprop

batch_size = 64
num_classes = 10
epochs = int(sys.argv[1])

np.random.seed(7)
centres = np.random.uniform(0, 255, (num_classes, 784))
y_train = np.random.randint(0, num_classes, 640)
y_test = np.random.randint(0, num_classes, 128)
x_train = (centres[y_train] + np.random.normal(0, 20, (640, 784))).clip(0, 255).astype('uint8')
x_test = (centres[y_test] + np.random.normal(0, 20, (128, 784))).clip(0, 255).astype('uint8')

x_train = x_train.reshape(640, 784).astype('float32') / 255
x_test = x_test.reshape(128, 784).astype('float32') / 255
print(x_train.shape[0], 'train samples')

y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

model = Sequential()
model.add(Dense(64, activation='relu', input_shape=(784,)))
model.add(Dropout(0.2))
model.add(Dense(64, activation='relu'))
model.add(Dropout(0.2))
model.add(Dense(num_classes, activation='softmax'))

model.summary()

model.compile(loss='categorical_crossentropy', optimizer=RMSprop(), metrics=['accuracy'])

history = model.fit(x_train, y_train,
                    batch_size=batch_size,
                    epochs=epochs,
                    verbose=2,
                    validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])
assert sorted(history.history) == ['acc', 'loss', 'val_acc', 'val_loss']
