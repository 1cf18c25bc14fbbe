import { describe, expect, it } from "vitest";
import {
  adam,
  createNetwork,
  ForecastCodec,
  forecastData,
  forecastNext,
  InvalidStateError,
  loadNetwork,
  measureForecasts,
  readMetadata,
  resumeTraining,
  saveNetwork,
  train,
  type ForecastData,
  type ForecastError,
  type ForecastTable,
  type Network,
  type TrainingData,
} from "../../src/index.js";

/** Rows that rise, with a season of 12. */
const months = Array.from({ length: 144 }, (_, i) => new Date(Date.UTC(2001, i)).toISOString().slice(0, 7));
const table: ForecastTable = {
  target: Array.from(
    { length: 144 },
    (_, i) => 50 + 0.3 * i + 5 * Math.sin((2 * Math.PI * i) / 12) + ((i * 7) % 5),
  ),
  dates: months,
};

function create(codec: ForecastCodec): Network {
  return createNetwork({
    ...{
      cell: "gru",
      inputSize: codec.inputSize,
      hiddenSize: 8,
      outputSize: codec.outputSize,
      output: "sequence",
    },
  } as const);
}

/** A network whose outputs are zeros: it forecasts what it starts from. */
function zeroed(data: ForecastData): Network {
  const network = create(data.codec);
  for (const parameter of network.parameters) parameter.write(parameter.read().fill(0));
  return network;
}

function errorOf(errors: number[]): ForecastError {
  const count = errors.length;
  return {
    count,
    meanAbsoluteError: errors.reduce((sum, x) => sum + Math.abs(x), 0) / count,
    rootMeanSquaredError: Math.sqrt(errors.reduce((sum, x) => sum + x * x, 0) / count),
  };
}

describe("measureForecasts", () => {
  const data = forecastData(table, { horizon: 3, lookback: 6, test: 12 });

  it.each([
    ["seasonalChange", "seasonalChange"],
    ["season", "seasonalMean"],
  ] as const)(
    "measures what is forecast and the simple forecasts by hand's sums: %s",
    (reference, corrected) => {
      const { test, codec } = forecastData(table, { horizon: 3, lookback: 6, test: 12, reference });
      using network = create(codec);
      const found = measureForecasts(network, test);
      const target = Array.from(table.target);
      expect([...test.origins]).toEqual(Array.from({ length: 14 }, (_, i) => 129 + i));
      /** Errors of a forecast of the row h + 1 behind an origin, by h. */
      const errorsOf = (forecast: (origin: number, h: number, i: number) => number): number[][] =>
        Array.from({ length: 3 }, (_, h) =>
          Array.from(test.origins, (origin, i) => [origin, i])
            .filter(([origin]) => origin + 1 + h >= 132 && origin + 1 + h < 144)
            .map(([origin, i]) => forecast(origin, h, i) - target[origin + 1 + h]),
        );
      const own = errorsOf((_, h, i) => found.forecasts[3 * i + h]);
      const mean = (of: (k: number) => number): number => (of(1) + of(2) + of(3)) / 3;
      const simple = {
        last: errorsOf((origin) => target[origin]),
        seasonal: errorsOf((origin, h) => target[origin + 1 + h - 12]),
        seasonalChange: errorsOf(
          (origin, h) =>
            target[origin] + mean((k) => target[origin - 12 * k + 1 + h] - target[origin - 12 * k]),
        ),
        seasonalMean: errorsOf((origin, h) => mean((k) => target[origin + 1 + h - 12 * k])),
        drift: errorsOf((origin, h) => target[origin] + ((1 + h) * (target[origin] - target[0])) / origin),
      };
      for (const [errors, measured] of [
        [own, found] as const,
        ...found.baselines.map((baseline) => [simple[baseline.kind], baseline] as const),
      ]) {
        [errors.flat(), ...errors].forEach((some, place) => {
          const expected = errorOf(some);
          const came = place === 0 ? measured : measured.byLead[place - 1];
          expect(came.count).toBe(expected.count);
          expect(came.meanAbsoluteError).toBeCloseTo(expected.meanAbsoluteError, 9);
          expect(came.rootMeanSquaredError).toBeCloseTo(expected.rootMeanSquaredError, 9);
        });
      }
      expect(found.count).toBe(36);
      expect(found.baselines.map(({ kind, season, seasons }) => [kind, season, seasons])).toEqual([
        ["last", undefined, undefined],
        ["seasonal", 12, undefined],
        [corrected, 12, 3],
        ["drift", undefined, undefined],
      ]);
    },
  );

  it("is what the network starts from where its outputs are zeros", () => {
    const plain = forecastData(table, { horizon: 3, test: 12, reference: "last", scaling: "none" });
    using network = zeroed(plain);
    const found = measureForecasts(network, plain.test);
    expect(found.rootMeanSquaredError).toBeCloseTo(found.baselines[0].rootMeanSquaredError, 9);
  });

  it("leaves out seasons that are not known yet, and says that rows ahead were not", () => {
    const cut = (rows: number): ForecastTable => {
      return { target: Array.from(table.target).slice(0, rows), dates: months.slice(0, rows) };
    };
    using network = create(data.codec);
    const codec = forecastData(table, { horizon: 3, lookback: 6, reference: "last" }).codec;
    const found = measureForecasts(network, codec.read(cut(10)));
    expect(found.baselines.map(({ kind }) => kind)).toEqual(["last", "drift"]);
    const last = codec.read(cut(8));
    const { byLead } = measureForecasts(network, last);
    expect(byLead.map(({ count }) => count)).toEqual([1, 0, 0]);
    expect(byLead[1].meanAbsoluteError).toBeNaN();
  });

  it("refuses other networks, parts without forecasts, what is no part, and outputs that are not finite", () => {
    const { codec } = data;
    const shape = { inputSize: codec.inputSize, hiddenSize: 4, outputSize: 3, output: "sequence" } as const;
    using wide = createNetwork({ ...shape, outputSize: 4 });
    using wider = createNetwork({ ...shape, inputSize: codec.inputSize + 1 });
    using step = createNetwork({ ...shape, output: "step" });
    for (const network of [wide, wider, step]) {
      const refused =
        /^"network" expected inputSize 3, outputSize 3, output "sequence" and no embedding, as the codec says, got /;
      expect(() => measureForecasts(network, data.test)).toThrow(refused);
      expect(() => forecastNext(network, codec, table)).toThrow(refused);
    }
    using network = createNetwork(shape);
    const none = forecastData(table, { horizon: 3, lookback: 6, test: 0 }).test;
    expect(() => measureForecasts(network, none)).toThrow(
      `"part" expected at least one row to be forecast, got none`,
    );
    expect(() => measureForecasts(network, data as unknown as typeof data.test)).toThrow(
      /^"part" expected a part of forecastData/,
    );
    expect(() => forecastNext(network, {} as unknown as ForecastCodec, table)).toThrow(
      /^"codec" expected a ForecastCodec, got an object$/,
    );
    for (const parameter of network.parameters) parameter.write(parameter.read().fill(1e38));
    expect(() => measureForecasts(network, data.test)).toThrow(InvalidStateError);
  });
});

describe("forecastNext", () => {
  it("forecasts the rows behind the last one, at their dates, in the table's units", () => {
    const data = forecastData(table, { horizon: 4, reference: "season", scaling: "none" });
    using network = zeroed(data);
    const { values, dates, baselines } = forecastNext(network, data.codec, table);
    expect(Array.from(dates ?? [], (time) => new Date(time).toISOString().slice(0, 10))).toEqual([
      ...["2013-01-01", "2013-02-01", "2013-03-01", "2013-04-01"],
    ]);
    const target = Array.from(table.target);
    const season = [0, 1, 2, 3].map((h) => (target[132 + h] + target[120 + h] + target[108 + h]) / 3);
    values.forEach((x, h) => {
      expect(x).toBeCloseTo(season[h], 9);
    });
    expect(baselines.map(({ kind, values: [first] }) => [kind, first])).toEqual([
      ["last", target[143]],
      ["seasonal", target[132]],
      ["seasonalMean", season[0]],
      ["drift", target[143] + (target[143] - target[0]) / 143],
    ]);
  });

  it("forecasts logarithms as shares", () => {
    const target = Array.from({ length: 60 }, (_, i) => 1.1 ** i * (1 + 0.01 * (i % 3)));
    const data = forecastData({ target }, { horizon: 2, scaling: "log", reference: "last", seasons: [] });
    using network = zeroed(data);
    const { values, dates } = forecastNext(network, data.codec, { target });
    expect(dates).toBeUndefined();
    // Outputs of 0 are the mean growth over the training part.
    expect(values[0] / target[59]).toBeCloseTo(1.1, 1);
    expect(values[1] / target[59]).toBeCloseTo(1.21, 1);
  });

  it("refuses a table that is too short", () => {
    const data = forecastData(table, { horizon: 1, lookback: 6, reference: "last" });
    using network = create(data.codec);
    const dates = months.slice(0, 5);
    expect(() => forecastNext(network, data.codec, { target: [1, 2, 3, 4, 5], dates })).toThrow(
      /^"target" expected at least 7 rows to forecast from, got 5$/,
    );
  });
});

it("a network that learned forecasts better than the season, and the same when it is loaded", async () => {
  const data = forecastData(table, { horizon: 3, lookback: 12, test: 12 });
  using network = create(data.codec);
  const options = {
    optimizer: adam({ learningRate: 0.01 }),
    epochs: 40,
    validation: data.validation.windows({ batch: 64 }),
    patience: 10,
    keepBest: true,
  };
  for await (const progress of train(network, data.training.windows({ batch: 16, shuffle: true }), options))
    expect(progress.loss).not.toBeNaN();
  const measured = measureForecasts(network, data.test);
  const seasonal = measured.baselines.find(({ kind }) => kind === "seasonal");
  expect(measured.rootMeanSquaredError).toBeLessThan(seasonal?.rootMeanSquaredError ?? 0);
  const bytes = saveNetwork(network, { codec: JSON.stringify(data.codec) });
  using loaded = loadNetwork(bytes, { build: network.build });
  const codec = ForecastCodec.parse(readMetadata(bytes)["codec"] ?? "");
  expect(forecastNext(loaded, codec, table)).toEqual(forecastNext(network, data.codec, table));
});

it("a training over windows goes on where it was saved, in the same order", async () => {
  const data = forecastData(table, { horizon: 3, lookback: 6 });
  const options = (): Parameters<typeof train>[2] => {
    return {
      optimizer: adam({ learningRate: 0.01 }),
      epochs: 3,
      validation: data.validation.windows({ batch: 9 }),
    };
  };
  const windows = (): TrainingData => data.training.windows({ batch: 8, shuffle: true, seed: 5 });
  using network = create(data.codec);
  const training = train(network, windows(), options());
  const losses: number[] = [];
  let saved: Uint8Array | undefined;
  for await (const { loss, step } of training) {
    losses.push(loss);
    if (losses.length === 10) saved = training.save();
    if (saved === undefined) expect(step).toBeLessThan(11);
  }
  const resumed = resumeTraining(saved ?? new Uint8Array(), windows(), options());
  const rest: number[] = [];
  for await (const { loss } of resumed) rest.push(loss);
  expect(rest.length).toBeGreaterThan(10);
  expect(rest).toEqual(losses.slice(10));
  resumed.network.dispose();
});
