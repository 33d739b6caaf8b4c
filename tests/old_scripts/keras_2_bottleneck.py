'''Classifies the few images in a folder with a pretrained network, in the way of Keras 2.

As in "Building powerful image classification models using very little data": features of the
network are computed once, a small model is trained upon them, then both are tuned together.
'''

import os
import numpy as np
from keras import backend as K, optimizers
from keras.callbacks import ModelCheckpoint
from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Dropout
from keras.layers import Flatten, MaxPooling2D
from keras.models import Model, Sequential
from keras.preprocessing.image import ImageDataGenerator, array_to_img, img_to_array, load_img

img_width, img_height = 24, 24
top_model_weights_path = 'bottleneck_fc_model.h5'
data_dir = 'data'
epochs = 12
batch_size = 8

# make the images: stripes that lie, and stripes that stand
np.random.seed(2)
for name in ('lying', 'standing'):
    os.makedirs(os.path.join(data_dir, name))
    for i in range(32):
        wave = np.sin(np.arange(32) * np.random.uniform(0.6, 1.2) + np.random.uniform(0, 6))
        stripes = np.tile(wave[:, None] if name == 'lying' else wave, (1, 32) if
                          name == 'lying' else (32, 1))[..., None] * np.random.uniform(0.5, 1, 3)
        noisy = stripes + np.random.normal(0, 0.1, (32, 32, 3))
        array_to_img(noisy).save(os.path.join(data_dir, name, '%s.%d.jpg' % (name, i)))

if K.image_data_format() == 'channels_first':
    input_shape = (3, img_width, img_height)
else:
    input_shape = (img_width, img_height, 3)


def build_base():
    base = Sequential(name='base')
    base.add(Conv2D(8, (3, 3), input_shape=input_shape, name='block1_conv'))
    base.add(BatchNormalization(name='block1_bn'))
    base.add(Activation('relu'))
    base.add(MaxPooling2D((2, 2), strides=(2, 2)))
    base.add(Conv2D(16, (3, 3), activation='relu', padding='same', name='block2_conv'))
    base.add(MaxPooling2D((2, 2), strides=(2, 2), name='block2_pool'))
    return base


def build_top(shape):
    top = Sequential()
    top.add(Flatten(input_shape=shape))
    top.add(Dense(16, activation='relu'))
    top.add(Dropout(0.5))
    top.add(Dense(1, activation='sigmoid'))
    return top


build_base().save_weights('base_notop.h5')

# look at what the generator does
datagen = ImageDataGenerator(rotation_range=5, width_shift_range=0.1, height_shift_range=0.1,
                             rescale=1. / 255, zoom_range=0.1, horizontal_flip=True,
                             fill_mode='nearest', validation_split=0.25)
x = img_to_array(load_img(os.path.join(data_dir, 'lying', 'lying.0.jpg')))
x = x.reshape((1,) + x.shape)
os.makedirs('preview')
i = 0
for batch in datagen.flow(x, batch_size=1, save_to_dir='preview', save_prefix='stripes',
                          save_format='jpeg'):
    i += 1
    if i > 4:
        break
assert len(os.listdir('preview')) > 2

# bottleneck features
base = build_base()
base.load_weights('base_notop.h5', by_name=True)
plain = ImageDataGenerator(rescale=1. / 255, validation_split=0.25)
features = {}
for subset in ('training', 'validation'):
    generator = plain.flow_from_directory(data_dir, target_size=(img_width, img_height),
                                          batch_size=batch_size, class_mode=None, shuffle=False,
                                          subset=subset)
    assert generator.class_indices == {'lying': 0, 'standing': 1}
    found = base.predict_generator(generator, generator.samples // batch_size)
    np.save(open('bottleneck_features_%s.npy' % subset, 'wb'), found)
    features[subset] = np.load(open('bottleneck_features_%s.npy' % subset, 'rb'))
train_labels = np.array([0] * 24 + [1] * 24)
validation_labels = np.array([0] * 8 + [1] * 8)

top_model = build_top(features['training'].shape[1:])
top_model.compile(optimizer='rmsprop', loss='binary_crossentropy', metrics=['accuracy'])
top_model.fit(features['training'], train_labels, epochs=6 * epochs, batch_size=batch_size, verbose=0,
              validation_data=(features['validation'], validation_labels))
top_model.save_weights(top_model_weights_path)

# fine-tuning
base = build_base()
base.load_weights('base_notop.h5')
top_model = build_top(base.output_shape[1:])
top_model.load_weights(top_model_weights_path)
model = Model(inputs=base.input, outputs=top_model(base.output))
for layer in model.layers[:3]:
    layer.trainable = False
model.compile(loss='binary_crossentropy', optimizer=optimizers.SGD(lr=1e-3, momentum=0.9),
              metrics=['accuracy'])
frozen = model.layers[1].get_weights()

train_generator = datagen.flow_from_directory(data_dir, target_size=(img_height, img_width),
                                              batch_size=batch_size, class_mode='binary',
                                              subset='training', seed=1)
validation_generator = plain.flow_from_directory(data_dir, target_size=(img_height, img_width),
                                                 batch_size=batch_size, class_mode='binary',
                                                 subset='validation', shuffle=False)
history = model.fit_generator(train_generator,
                              steps_per_epoch=train_generator.samples // batch_size,
                              epochs=4,
                              validation_data=validation_generator,
                              validation_steps=validation_generator.samples // batch_size,
                              callbacks=[ModelCheckpoint('best.h5', save_best_only=True)],
                              workers=2, max_queue_size=4, verbose=0)
assert sorted(history.history) == ['acc', 'loss', 'val_acc', 'val_loss']
for before, after in zip(frozen, model.layers[1].get_weights()):
    assert (before == after).all()

validation_generator.reset()
predicted = model.predict_generator(validation_generator, len(validation_generator))
accuracy = np.mean((predicted[:, 0] > 0.5) == validation_generator.classes)
assert np.isclose(accuracy, model.evaluate_generator(validation_generator, 2)[1])
print('Test accuracy:', accuracy)
