'''Trains a simple convnet on images like MNIST's, in the way of Keras 2.'''

from __future__ import print_function

import keras
import numpy as np
from keras import backend as K
from keras.callbacks import EarlyStopping, ModelCheckpoint
from keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential, load_model

num_classes = 4
img_rows, img_cols = 12, 12

np.random.seed(3)
centres = np.random.uniform(0, 1, (num_classes, img_rows, img_cols))
labels = np.random.randint(0, num_classes, 256)
images = centres[labels] + np.random.normal(0, 0.1, (256, img_rows, img_cols))
x_train, x_test, y_train, y_test = images[:192], images[192:], labels[:192], labels[192:]

if K.image_data_format() == 'channels_first':
    x_train = x_train.reshape(x_train.shape[0], 1, img_rows, img_cols)
    x_test = x_test.reshape(x_test.shape[0], 1, img_rows, img_cols)
    input_shape = (1, img_rows, img_cols)
else:
    x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
    x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1)
    input_shape = (img_rows, img_cols, 1)

y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

model = Sequential()
model.add(Conv2D(8, kernel_size=(3, 3), activation='relu', input_shape=input_shape))
model.add(Conv2D(8, (3, 3), activation='relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(32, activation='relu'))
model.add(Dropout(0.5))
model.add(Dense(num_classes, activation='softmax'))

model.compile(loss=keras.losses.categorical_crossentropy,
              optimizer=keras.optimizers.Adadelta(),
              metrics=['accuracy'])

model.fit(x_train, y_train, batch_size=32, epochs=6, verbose=0, validation_split=0.1,
          callbacks=[ModelCheckpoint('best.h5', save_best_only=True),
                     EarlyStopping(monitor='val_loss', patience=3)])
score = model.evaluate(x_test, y_test, verbose=0)
best = load_model('best.h5')
assert best.predict(x_test).shape == (64, num_classes)

first_conv = K.function([model.layers[0].input, K.learning_phase()], [model.layers[0].output])
assert first_conv([x_test, 0])[0].shape == (64, 10, 10, 8)
print('Test accuracy:', score[1])
