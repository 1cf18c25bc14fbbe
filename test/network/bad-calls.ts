/** Calls that a network refuses, and the argument that the error must name. */

import { detached, impostors, invoke, misstated, noBooleans, noNumbers, noObjects } from "./untyped.js";

export interface BadCall {
  /** What stands in quotes in the message. */
  argument: string;
  error: typeof TypeError | typeof RangeError;
  /** What is given, in words. */
  given: string;
  call: (network: object) => unknown;
}

/** Sizes that the calls are made for. */
export const badCallSizes = { inputSize: 4, hiddenSize: 3, outputSize: 2 };
/** T = 2 and B = 3. */
export const goodTokens = { steps: 2, batch: 3, tokens: Uint8Array.of(0, 1, 2, 3, 0, 1) };
export const goodValues = { steps: 2, batch: 3, values: new Float32Array(24).fill(0.5) };
export const goodTarget = { classes: Int32Array.of(0, 1, -1, 1, 0, 1) };

function inWords(value: unknown): string {
  if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** One call for each value, all refused alike. */
function each(
  argument: string,
  error: BadCall["error"],
  values: readonly unknown[],
  call: (network: object, value: unknown) => unknown,
): BadCall[] {
  return values.map((value) => ({
    argument,
    error,
    given: inWords(value),
    call: (network) => call(network, value),
  }));
}

/** What is no integer of at least 1. */
function noSizes(argument: string, call: (network: object, value: unknown) => unknown): BadCall[] {
  return [
    ...each(argument, TypeError, noNumbers, call),
    ...each(argument, RangeError, [NaN, 0, -0, -1, 1.5, Infinity, 2 ** 31, 2 ** 53], call),
  ];
}

/** What is not this kind of array of `length` values. */
function noArrays(
  argument: string,
  type: Float32ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor,
  length: number,
  call: (network: object, value: unknown) => unknown,
): BadCall[] {
  const wrong = [null, 1, "text", {}, [], new Array(length).fill(0), new ArrayBuffer(4 * length)];
  const others = [
    new Float64Array(length),
    new Int8Array(length),
    new Uint8ClampedArray(length),
    new BigInt64Array(length),
  ];
  return [
    ...each(argument, TypeError, [...wrong, ...others, ...impostors(new type(length))], call),
    ...each(
      argument,
      RangeError,
      [0, length - 1, length + 1, 2 * length].map((n) => new type(n)),
      call,
    ),
    ...each(
      argument,
      RangeError,
      [detached(new type(length)), misstated(new type(5 * length), length)],
      call,
    ),
  ];
}

function sequences(method: string, ...rest: readonly unknown[]): BadCall[] {
  const forward = (network: object, sequence: unknown): unknown => invoke(network, method, sequence, ...rest);
  const withField = (field: string, good: object) => (network: object, value: unknown) =>
    forward(network, { ...good, [field]: value });
  const token = withField("tokens", goodTokens);
  const far = [4, -1, -(2 ** 31), 2 ** 31 - 1].map((x) => Int32Array.of(0, 0, 0, 0, 0, x));
  const badLengths = [0, 3, -1, 2 ** 31 - 1].map((length) => Int32Array.of(2, length, 1));
  return [
    ...each("sequence", TypeError, [undefined, ...noObjects, {}].slice(0, -1), forward),
    ...each(
      "sequence",
      TypeError,
      [
        { steps: 2, batch: 3 },
        { ...goodTokens, ...goodValues },
      ],
      forward,
    ),
    ...noSizes("sequence.steps", withField("steps", goodTokens)),
    ...noSizes("sequence.batch", withField("batch", goodValues)),
    ...noArrays("sequence.tokens", Uint8Array, 6, token),
    ...each(
      "sequence.tokens",
      TypeError,
      [new Float32Array(6), new Int16Array(6), new Uint32Array(6)],
      token,
    ),
    ...each(
      "sequence.tokens",
      RangeError,
      [...far, Uint8Array.of(0, 0, 4, 0, 0, 0), new Uint16Array(6).fill(65535)],
      token,
    ),
    ...noArrays("sequence.values", Float32Array, 24, withField("values", goodValues)),
    ...noArrays("sequence.lengths", Int32Array, 3, withField("lengths", goodTokens)),
    ...each("sequence.lengths", RangeError, badLengths, withField("lengths", goodValues)),
    ...noArrays("sequence.resets", Uint8Array, 6, withField("resets", goodTokens)),
    ...each(
      "sequence.resets",
      RangeError,
      [2, 255].map((value) => Uint8Array.of(0, 1, 0, value, 0, 1)),
      withField("resets", goodValues),
    ),
  ];
}

/** A state's h of 9 values, [1, 3, 3]. */
function states(argument: string, call: (network: object, value: unknown) => unknown): BadCall[] {
  const h = new Float32Array(9);
  return [
    ...each(argument, TypeError, noObjects, call),
    ...each(`${argument}.h`, TypeError, [{}, { h: undefined }], call),
    ...noArrays(`${argument}.h`, Float32Array, 9, (network, value) => call(network, { h: value })),
    ...each(
      `${argument}.c`,
      TypeError,
      [
        { h, c: h },
        { h, c: null },
      ],
      call,
    ),
  ];
}

function forwards(): BadCall[] {
  const withOption = (name: string) => (network: object, value: unknown) =>
    invoke(network, "forward", goodTokens, { [name]: value });
  return [
    ...sequences("forward"),
    ...sequences("forward", { keepTape: false }),
    ...each("options", TypeError, noObjects, (network, value) =>
      invoke(network, "forward", goodTokens, value),
    ),
    ...states("options.state", withOption("state")),
    ...["training", "keepTape", "hidden"].flatMap((name) =>
      each(`options.${name}`, TypeError, noBooleans, withOption(name)),
    ),
  ];
}

function backwards(): BadCall[] {
  const backward = (network: object, target: unknown): unknown => invoke(network, "backward", target);
  const withField = (name: string) => (network: object, value: unknown) =>
    backward(network, { [name]: value });
  const withOption = (name: string) => (network: object, value: unknown) =>
    invoke(network, "backward", goodTarget, { [name]: value });
  const far = [2, -2, 2 ** 31 - 1, -(2 ** 31)].map((x) => Int32Array.of(0, 0, x, 0, 0, 0));
  return [
    ...each("targets", TypeError, [undefined, ...noObjects, {}], backward),
    ...each("targets", TypeError, [{ ...goodTarget, values: new Float32Array(12) }], backward),
    ...noArrays("targets.classes", Int32Array, 6, withField("classes")),
    ...each("targets.classes", RangeError, far, withField("classes")),
    ...noArrays("targets.values", Float32Array, 12, withField("values")),
    ...noArrays("targets.gradient", Float32Array, 12, withField("gradient")),
    ...each("options", TypeError, noObjects, (network, value) =>
      invoke(network, "backward", goodTarget, value),
    ),
    ...each("options.reduction", TypeError, [null, 1, true, {}], withOption("reduction")),
    ...each("options.reduction", RangeError, ["", "none", "MEAN"], withOption("reduction")),
    ...states("options.stateGradient", withOption("stateGradient")),
    ...each("options.inputGradient", TypeError, noBooleans, withOption("inputGradient")),
    ...each("options.inputGradient", RangeError, [true], withOption("inputGradient")),
  ];
}

function parameterOf(network: object, name: string): object {
  const found = invoke(network, "parameter", name);
  if (typeof found !== "object" || found === null) throw new Error(`there is no parameter ${name}`);
  return found;
}

function writes(): BadCall[] {
  // rnn.weight_ih_l0, [3, 4]
  const ofParameter = (method: string) => (network: object, value: unknown) =>
    invoke(parameterOf(network, "rnn.weight_ih_l0"), method, value);
  const wrong = [
    "123456789012",
    () => 0,
    undefined,
    null,
    12,
    true,
    {},
    { length: "12" },
    new ArrayBuffer(48),
    new DataView(new ArrayBuffer(12)),
  ];
  const items = [
    new Array(12),
    new Array(12).fill("1"),
    { length: 12 },
    new BigInt64Array(12),
    [...new Array<number>(11).fill(1), null],
  ];
  const lengths = [
    [],
    new Array(13).fill(0),
    new Float32Array(11),
    { length: NaN },
    { length: -12 },
    { length: 12.5 },
  ];
  return ["write", "writeGradient"].flatMap((method) => [
    ...each("values", TypeError, [...wrong, ...items], ofParameter(method)),
    ...each("values", RangeError, [...lengths, detached(new Float32Array(12))], ofParameter(method)),
  ]);
}

function sessions(): BadCall[] {
  const withOption = (name: string) => (network: object, value: unknown) =>
    invoke(network, "session", { [name]: value });
  return [
    ...each("options", TypeError, noObjects, (network, value) => invoke(network, "session", value)),
    ...noSizes("options.batch", withOption("batch")).filter(({ given }) => given !== "undefined"),
    ...states("options.state", (network, state) => invoke(network, "session", { batch: 3, state })),
    ...each(
      "options.state.h",
      RangeError,
      [{ h: new Float32Array(4) }, { h: new Float32Array(0) }],
      withOption("state"),
    ),
  ];
}

function others(): BadCall[] {
  const setTrainable = (network: object, value: unknown): unknown =>
    Reflect.set(parameterOf(network, "head.bias"), "trainable", value);
  const names = ["", "head", "rnn.weight_ih_l1", "toString", 0, null, undefined, {}, Symbol("s")];
  return [
    ...each("name", RangeError, names, (network, value) => invoke(network, "parameter", value)),
    ...each("trainable", TypeError, [undefined, ...noBooleans], setTrainable),
  ];
}

/** By the method that refuses. */
export const badCalls: readonly [method: string, calls: readonly BadCall[]][] = [
  ["forward", forwards()],
  ["backward", backwards()],
  ["parameter.write", writes()],
  ["session", sessions()],
  ["parameter", others()],
];
