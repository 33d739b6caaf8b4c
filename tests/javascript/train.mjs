// node train.mjs PACKAGE FOLDER: trains each case in FOLDER with one build of ONNX Runtime and
// writes what came of it beside the case; check.py compares.

import { readFileSync, writeFileSync } from "node:fs";
import { loadTrainer } from "./train_on_device.mjs";

const [name, folder] = process.argv.slice(2);
const ort = await import(name);
const read = (file) => readFileSync(`${folder}/${file}`);

function tensor({ dims, data }) {
  return new ort.Tensor("float32", Float32Array.from(data), dims);
}

function plain({ type, dims, data }) {
  return { type, dims, data: Array.from(data, Number) }; // JSON has no BigInt
}

for (const [model, { batches, seeds, data }] of Object.entries(JSON.parse(read("cases.json")))) {
  const files = { step: `${model}.onnx`, init: `${model}_init.onnx`, predict: `${model}_predict.onnx` };
  const bytes = Object.fromEntries(Object.entries(files).map(([part, file]) => [part, read(file)]));
  const trainer = await loadTrainer(ort, bytes);
  const losses = [];
  for (const [index, batch] of batches.entries()) {
    const feeds = Object.fromEntries(Object.entries(batch).map(([key, one]) => [key, tensor(one)]));
    losses.push((await trainer.train(feeds, seeds[index])).loss.data[0]);
  }
  const [prediction] = Object.values(await trainer.predict({ [data]: tensor(batches[0][data]) }));
  const state = Object.fromEntries(Object.entries(trainer.state).map(([k, v]) => [k, plain(v)]));
  const result = { losses, prediction: plain(prediction), state };
  writeFileSync(`${folder}/${model}.${name}.json`, JSON.stringify(result));
}
