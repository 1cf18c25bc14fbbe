/** The operators that are understood. */

import { add, gemm, matMul, softmax } from "./head-operators.js";
import {
  cast,
  dropout,
  expand,
  flatten,
  identity,
  reshapeOperator,
  squeeze,
  transpose,
  unsqueeze,
} from "./layout-operators.js";
import type { Operator } from "./operator.js";
import { loop, recurrent } from "./recurrent-operators.js";
import { concat } from "./join-operators.js";
import { gather, slice, split } from "./selection-operators.js";
import {
  constant,
  constantOfShape,
  divide,
  multiply,
  reduceProduct,
  shape,
  subtract,
} from "./size-operators.js";
import { oneHot } from "./token-operators.js";

export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...{ RNN: recurrent, GRU: recurrent, LSTM: recurrent, Scan: loop, Loop: loop },
    ...{ OneHot: oneHot, Gather: gather, Slice: slice, Split: split, Concat: concat },
    ...{
      Transpose: transpose,
      Squeeze: squeeze,
      Unsqueeze: unsqueeze,
      Reshape: reshapeOperator,
      Flatten: flatten,
    },
    ...{ Identity: identity, Dropout: dropout, Cast: cast, Expand: expand, Tile: expand },
    ...{ MatMul: matMul, Gemm: gemm, Add: add, Softmax: softmax, LogSoftmax: softmax },
    ...{ Constant: constant, ConstantOfShape: constantOfShape, Shape: shape },
    ...{ Sub: subtract, Mul: multiply, Div: divide, ReduceProd: reduceProduct },
  }),
);
