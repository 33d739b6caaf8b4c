// Trains what `model.export_training("digits.onnx")` wrote, in a browser or in Node, with nothing
// but an ONNX Runtime. `ort` is the module "onnxruntime-web" or "onnxruntime-node"; files are given
// as paths, URLs or bytes.

export async function loadTrainer(ort, { step, init, predict }) {
  const load = (file) => ort.InferenceSession.create(file);
  const [trainer, predictor] = [await load(step), await load(predict)];
  const state = { ...(await (await load(init)).run({})) };

  const advance = (outputs) => {
    for (const [name, value] of Object.entries(outputs)) {
      if (name.startsWith("next/")) state[name.replace("next/", "state/")] = value;
    }
    return outputs;
  };

  return {
    state, // the weights and all else that lasts, by name; `learning_rate` may be replaced, too

    async train(batch, seed) {
      const number = new ort.Tensor("int64", [BigInt(seed)], []);
      return advance(await trainer.run({ ...state, ...batch, seed: number }));
    },

    async predict(data) {
      const known = { ...state, ...data };
      const feeds = Object.fromEntries(predictor.inputNames.map((name) => [name, known[name]]));
      return advance(await predictor.run(feeds)); // only stateful layers have something to advance
    },
  };
}
