'''Trains a simple convnet on images like MNIST's, in the way of Keras 1.'''

from __future__ import print_function

import numpy as np

np.random.seed(1337)

from keras import backend as K
from keras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.layers.normalization import BatchNormalization
from keras.models import Sequential
from keras.regularizers import l2
from keras.utils import np_utils

nb_classes = 4
nb_epoch = 6
img_rows, img_cols = 12, 12
nb_filters = 8
pool_size = (2, 2)
kernel_size = (3, 3)

centres = np.random.uniform(0, 1, (nb_classes, img_rows, img_cols))
y_train = np.random.randint(0, nb_classes, 256)
X_train = centres[y_train] + np.random.normal(0, 0.1, (256, img_rows, img_cols))

if K.image_dim_ordering() == 'th':
    X_train = X_train.reshape(X_train.shape[0], 1, img_rows, img_cols)
    input_shape = (1, img_rows, img_cols)
else:
    X_train = X_train.reshape(X_train.shape[0], img_rows, img_cols, 1)
    input_shape = (img_rows, img_cols, 1)

Y_train = np_utils.to_categorical(y_train, nb_classes)

model = Sequential()
model.add(Convolution2D(nb_filters, kernel_size[0], kernel_size[1],
                        border_mode='valid',
                        input_shape=input_shape))
model.add(BatchNormalization(mode=0))
model.add(Activation('relu'))
model.add(Convolution2D(nb_filters, kernel_size[0], kernel_size[1], W_regularizer=l2(1e-4)))
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=pool_size, border_mode='same'))
model.add(Dropout(p=0.25))
model.add(Flatten())
model.add(Dense(output_dim=32, init='he_normal'))
model.add(Activation('relu'))
model.add(Dropout(0.5))
model.add(Dense(nb_classes))
model.add(Activation('softmax'))

model.compile(loss='categorical_crossentropy', optimizer='adadelta', metrics=['accuracy'])

model.fit(X_train, Y_train, batch_size=32, nb_epoch=nb_epoch, verbose=0, validation_split=0.1)


def batches():
    while True:
        yield X_train[:32], Y_train[:32]


model.fit_generator(batches(), samples_per_epoch=4, nb_epoch=2, verbose=0, nb_worker=1)
score = model.evaluate(X_train, Y_train, verbose=0)
print('Test accuracy:', score[1])
