'''Several inputs, merged layers and models and a layer of one's own, in the way of Keras 1.'''

from __future__ import print_function

import numpy as np

np.random.seed(0)

from keras import backend as K
from keras.engine.topology import Layer
from keras.layers import Dense, Input, Lambda, MaxoutDense, Merge, merge
from keras.models import Model, Sequential


class Scale(Layer):
    def build(self, input_shape):
        self.W = self.add_weight((input_shape[1],), initializer='one', name='{}_W'.format(self.name))
        super(Scale, self).build(input_shape)

    def call(self, x, mask=None):
        return x * self.W

    def compute_output_shape(self, input_shape):
        return input_shape


a_data = np.random.normal(size=(128, 6))
b_data = np.random.normal(size=(128, 3))
y = (a_data[:, :1] * b_data[:, :1] > 0).astype('float32')

a = Input(shape=(6,), name='a')
b = Input(shape=(3,), name='b')
x = merge([Dense(16, activation='tanh')(a), Dense(16, activation='tanh')(b)], mode='mul')
x = merge([x, Scale()(a), b], mode='concat', concat_axis=1)
x = MaxoutDense(8, nb_feature=3)(x)
squared = Lambda(lambda t: K.square(t), output_shape=(8,))(x)
out = Dense(1, activation='sigmoid', name='out')(merge([x, squared], mode='sum'))
model = Model(input=[a, b], output=out)
model.compile(optimizer='adam', loss={'out': 'binary_crossentropy'}, metrics=['accuracy'])
model.fit({'a': a_data, 'b': b_data}, {'out': y}, batch_size=16, nb_epoch=30, verbose=0)
accuracy = model.evaluate({'a': a_data, 'b': b_data}, {'out': y}, verbose=0)[1]

left = Sequential()
left.add(Dense(4, input_dim=6))
right = Sequential()
right.add(Dense(4, input_dim=3))
both = Sequential()
both.add(Merge([left, right], mode='concat'))
both.add(Dense(output_dim=1, activation='sigmoid'))
both.compile(loss='binary_crossentropy', optimizer='rmsprop')
both.fit([a_data, b_data], y, batch_size=32, nb_epoch=2, verbose=0)
assert both.predict_classes([a_data, b_data], verbose=0).shape == (128, 1)
print('Test accuracy:', accuracy)
