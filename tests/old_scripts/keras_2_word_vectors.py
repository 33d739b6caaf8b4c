'''Classifies the texts in a folder with pretrained word vectors, in the way of Keras 2.

The folder is like that of 20 newsgroups, the vectors are in a file like those of GloVe; both are
made here.
'''

from __future__ import print_function

import os
import sys
import numpy as np
from keras.preprocessing.text import Tokenizer
from keras.preprocessing.sequence import pad_sequences
from keras.utils import to_categorical
from keras.layers import Dense, Input, GlobalMaxPooling1D
from keras.layers import Conv1D, MaxPooling1D, Embedding
from keras.models import Model
from keras.initializers import Constant

BASE_DIR = ''
GLOVE_DIR = os.path.join(BASE_DIR, 'glove.6B')
TEXT_DATA_DIR = os.path.join(BASE_DIR, '20_newsgroup')
MAX_SEQUENCE_LENGTH = 30
MAX_NUM_WORDS = 200
EMBEDDING_DIM = 12
VALIDATION_SPLIT = 0.2

# make the texts and the vectors: words of a topic are near each other
np.random.seed(7)
topics = ['alt.atheism', 'rec.autos', 'sci.space']
os.makedirs(GLOVE_DIR)
with open(os.path.join(GLOVE_DIR, 'glove.6B.100d.txt'), 'w') as f:
    for topic in topics + ['every']:
        centre = np.random.uniform(-1, 1, EMBEDDING_DIM)
        for i in range(30):
            vector = centre + np.random.normal(0, 0.2, EMBEDDING_DIM)
            f.write('%s%d %s\n' % (topic[:3], i, ' '.join('%.4f' % v for v in vector)))
for topic in topics:
    os.makedirs(os.path.join(TEXT_DATA_DIR, topic))
    for i in range(60):
        words = ['Every%d' % w for w in np.random.randint(0, 40, 20)]
        words += ['%s%d,' % (topic[:3], w) for w in np.random.randint(0, 40, 15)]
        np.random.shuffle(words)
        with open(os.path.join(TEXT_DATA_DIR, topic, '%05d' % i), 'w') as f:
            f.write('From: someone\nSubject: something\n\n' + ' '.join(words))

print('Indexing word vectors.')

embeddings_index = {}
with open(os.path.join(GLOVE_DIR, 'glove.6B.100d.txt')) as f:
    for line in f:
        values = line.split()
        word = values[0]
        coefs = np.asarray(values[1:], dtype='float32')
        embeddings_index[word] = coefs

print('Found %s word vectors.' % len(embeddings_index))
print('Processing text dataset')

texts = []
labels_index = {}
labels = []
for name in sorted(os.listdir(TEXT_DATA_DIR)):
    path = os.path.join(TEXT_DATA_DIR, name)
    if os.path.isdir(path):
        label_id = len(labels_index)
        labels_index[name] = label_id
        for fname in sorted(os.listdir(path)):
            if fname.isdigit():
                fpath = os.path.join(path, fname)
                args = {} if sys.version_info < (3,) else {'encoding': 'latin-1'}
                with open(fpath, **args) as f:
                    t = f.read()
                    i = t.find('\n\n')
                    if 0 < i:
                        t = t[i:]
                    texts.append(t)
                labels.append(label_id)

tokenizer = Tokenizer(num_words=MAX_NUM_WORDS)
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
word_index = tokenizer.word_index
print('Found %s unique tokens.' % len(word_index))

data = pad_sequences(sequences, maxlen=MAX_SEQUENCE_LENGTH)
labels = to_categorical(np.asarray(labels))
print('Shape of data tensor:', data.shape)
print('Shape of label tensor:', labels.shape)

indices = np.arange(data.shape[0])
np.random.shuffle(indices)
data = data[indices]
labels = labels[indices]
num_validation_samples = int(VALIDATION_SPLIT * data.shape[0])

x_train = data[:-num_validation_samples]
y_train = labels[:-num_validation_samples]
x_val = data[-num_validation_samples:]
y_val = labels[-num_validation_samples:]

print('Preparing embedding matrix.')

num_words = min(MAX_NUM_WORDS, len(word_index)) + 1
embedding_matrix = np.zeros((num_words, EMBEDDING_DIM))
for word, i in word_index.items():
    if i >= MAX_NUM_WORDS:
        continue
    embedding_vector = embeddings_index.get(word)
    if embedding_vector is not None:
        embedding_matrix[i] = embedding_vector

for arguments in ({'weights': [embedding_matrix]},
                  {'embeddings_initializer': Constant(embedding_matrix)}):
    embedding_layer = Embedding(num_words,
                                EMBEDDING_DIM,
                                input_length=MAX_SEQUENCE_LENGTH,
                                trainable=False,
                                **arguments)
    print('Training model.')

    sequence_input = Input(shape=(MAX_SEQUENCE_LENGTH,), dtype='int32')
    embedded_sequences = embedding_layer(sequence_input)
    assert np.allclose(embedding_layer.get_weights()[0], embedding_matrix)
    x = Conv1D(16, 3, activation='relu')(embedded_sequences)
    x = MaxPooling1D(3)(x)
    x = Conv1D(16, 3, activation='relu')(x)
    x = GlobalMaxPooling1D()(x)
    x = Dense(16, activation='relu')(x)
    preds = Dense(len(labels_index), activation='softmax')(x)

    model = Model(sequence_input, preds)
    model.compile(loss='categorical_crossentropy',
                  optimizer='rmsprop',
                  metrics=['acc'])
    model.fit(x_train, y_train,
              batch_size=16,
              epochs=8,
              verbose=0,
              validation_data=(x_val, y_val))

print('Test accuracy:', model.evaluate(x_val, y_val, verbose=0)[1])
