/**
 * The kernels' interface, as assembly/index.ts exports it; the header of each kernel there says what it does. Pointers are
 * in bytes, sizes and strides in elements; arguments run outputs, inputs, scalars, sizes. Nothing is checked behind this
 * line: an undefined or NaN pointer would silently become address 0.
 */
export interface Kernels {
  gemm: (
    c: number,
    a: number,
    panels: number,
    M: number,
    N: number,
    K: number,
    ldc: number,
    lda: number,
    accumulate: boolean,
  ) => void;
  gemmTN: (
    c: number,
    a: number,
    b: number,
    scratch: number,
    M: number,
    N: number,
    K: number,
    ldc: number,
    lda: number,
    ldb: number,
  ) => void;
  packRows: (panels: number, b: number, rows: number, columns: number, ldb: number, depth: number) => void;
  packColumns: (panels: number, b: number, rows: number, depth: number, ldb: number) => void;

  elmanForward: (
    h: number,
    recurrent: number,
    lengths: number,
    constants: number,
    relu: boolean,
    reverse: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  elmanBackward: (
    dh: number,
    h: number,
    recurrent: number,
    lengths: number,
    constants: number,
    relu: boolean,
    reverse: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  elmanTangent: (
    dh: number,
    h: number,
    recurrent: number,
    lengths: number,
    constants: number,
    relu: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  gruForward: (
    h: number,
    gates: number,
    recurrent: number,
    lengths: number,
    constants: number,
    reverse: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  gruBackward: (
    dh: number,
    gates: number,
    h: number,
    recurrent: number,
    lengths: number,
    constants: number,
    reverse: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  gruTangent: (
    dh: number,
    dGates: number,
    gates: number,
    h: number,
    recurrent: number,
    lengths: number,
    constants: number,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  lstmForward: (
    h: number,
    c: number,
    z: number,
    recurrent: number,
    lengths: number,
    constants: number,
    reverse: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  lstmBackward: (
    dh: number,
    dc: number,
    z: number,
    c: number,
    recurrent: number,
    lengths: number,
    constants: number,
    reverse: boolean,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  lstmTangent: (
    dh: number,
    dc: number,
    dz: number,
    c: number,
    z: number,
    recurrent: number,
    lengths: number,
    constants: number,
    T: number,
    B: number,
    K: number,
    stride: number,
  ) => void;
  mingruForward: (
    h: number,
    gates: number,
    lengths: number,
    constants: number,
    reverse: boolean,
    T: number,
    B: number,
    stride: number,
  ) => void;
  mingruBackward: (
    dh: number,
    gates: number,
    h: number,
    lengths: number,
    constants: number,
    reverse: boolean,
    T: number,
    B: number,
    stride: number,
  ) => void;
  mingruTangent: (
    dh: number,
    dGates: number,
    gates: number,
    h: number,
    lengths: number,
    constants: number,
    T: number,
    B: number,
    stride: number,
  ) => void;
  tanhRow: (to: number, from: number, constants: number, bytes: number) => void;
  sigmoidRow: (x: number, constants: number, bytes: number) => void;

  crossEntropy: (
    x: number,
    classes: number,
    constants: number,
    scale: number,
    rows: number,
    columns: number,
    stride: number,
  ) => number;
  squaredError: (x: number, targets: number, constants: number, scale: number, count: number) => number;
  softmaxRows: (x: number, constants: number, rows: number, columns: number, stride: number) => void;
  countCorrect: (x: number, classes: number, rows: number, columns: number, stride: number) => number;

  sgdStep: (
    w: number,
    velocity: number,
    g: number,
    constants: number,
    rate: number,
    momentum: number,
    dampening: number,
    decay: number,
    nesterov: boolean,
    first: boolean,
    count: number,
  ) => void;
  rmspropStep: (
    w: number,
    square: number,
    mean: number,
    velocity: number,
    g: number,
    constants: number,
    rate: number,
    alpha: number,
    fresh: number,
    epsilon: number,
    momentum: number,
    decay: number,
    count: number,
  ) => void;
  adagradStep: (
    w: number,
    sum: number,
    g: number,
    constants: number,
    rate: number,
    epsilon: number,
    decay: number,
    count: number,
  ) => void;
  adamStep: (
    w: number,
    m: number,
    v: number,
    most: number,
    g: number,
    constants: number,
    rate: number,
    beta1: number,
    fresh1: number,
    beta2: number,
    fresh2: number,
    epsilon: number,
    correction: number,
    keep: number,
    decay: number,
    count: number,
  ) => void;

  sumOfSquares: (x: number, count: number) => number;
  dot: (x: number, y: number, count: number) => number;
  addScaled: (to: number, x: number, constants: number, keep: number, factor: number, count: number) => void;
  addScaledRows: (
    to: number,
    x: number,
    keep: number,
    factors: number,
    constants: number,
    rows: number,
    width: number,
  ) => void;
  moveInfluence: (
    e: number,
    c: number,
    g: number,
    a: number,
    hh: number,
    hc: number,
    ch: number,
    cc: number,
    dh: number,
    dc: number,
    q: number,
    constants: number,
    B: number,
    G: number,
    H: number,
    width: number,
    next: number,
    dStride: number,
  ) => void;
  moveBiasInfluence: (
    e: number,
    c: number,
    g: number,
    hh: number,
    hc: number,
    ch: number,
    cc: number,
    dh: number,
    dc: number,
    q: number,
    constants: number,
    B: number,
    G: number,
    H: number,
    next: number,
    dStride: number,
  ) => void;
  scale: (x: number, factor: number, count: number) => void;
  clamp: (x: number, most: number, count: number) => void;

  add: (out: number, x: number, y: number, count: number) => void;
  addColumnSums: (out: number, x: number, rows: number, width: number) => void;
  addTransposed: (
    to: number,
    from: number,
    rows: number,
    columns: number,
    ldTo: number,
    ldFrom: number,
  ) => void;
  copyRows: (to: number, from: number, rows: number, columns: number, ldTo: number, ldFrom: number) => void;
  dropout: (
    to: number,
    from: number,
    key: number,
    first: number,
    threshold: number,
    factor: number,
    count: number,
  ) => void;
  fillRows: (to: number, row: number, rows: number, width: number) => void;
  flushTiny: (x: number, constants: number, count: number) => void;
  gather: (to: number, table: number, tokens: number, rows: number, width: number) => void;
  scatterAdd: (table: number, from: number, tokens: number, rows: number, width: number) => void;
  scatterAddColumns: (
    table: number,
    from: number,
    tokens: number,
    rows: number,
    width: number,
    ldTable: number,
    ldFrom: number,
  ) => void;
}

/** What the compiler cannot see: the binaries come from assembly/index.ts, which Kernels restates. */
export function isKernels(exports: object): exports is Kernels {
  return "gemm" in exports && Object.values(exports).every((kernel) => typeof kernel === "function");
}
