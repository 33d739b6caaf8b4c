// node predict.mjs PACKAGE FOLDER: runs each model that FOLDER's models.json lists with one build of
// ONNX Runtime, and writes what it predicts beside it; check_converted.py compares.

import { readFileSync, writeFileSync } from "node:fs";

const [name, folder] = process.argv.slice(2);
const ort = await import(name);
const listed = JSON.parse(readFileSync(`${folder}/models.json`));
const arrays = {
  float32: (data) => Float32Array.from(data),
  int32: (data) => Int32Array.from(data),
  int64: (data) => BigInt64Array.from(data, BigInt),
};

const results = {};
for (const [model, inputs] of Object.entries(listed)) {
  const session = await ort.InferenceSession.create(readFileSync(`${folder}/${model}.onnx`));
  const feeds = inputs.map(({ type, dims, data }) => new ort.Tensor(type, arrays[type](data), dims));
  const named = Object.fromEntries(session.inputNames.map((key, index) => [key, feeds[index]]));
  const outputs = await session.run(named);
  results[model] = session.outputNames.map((key) => ({
    dims: outputs[key].dims,
    data: Array.from(outputs[key].data, Number),
  }));
}
writeFileSync(`${folder}/predictions.${name}.json`, JSON.stringify(results));
