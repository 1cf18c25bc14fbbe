// The kernels' ABI. Pointers in bytes, sizes and strides in elements; outputs, inputs, scalars, sizes.
export { elmanBackward, elmanForward, elmanTangent } from "./cells/elman";
export { gruBackward, gruForward, gruTangent } from "./cells/gru";
export { lstmBackward, lstmForward, lstmTangent } from "./cells/lstm";
export { mingruBackward, mingruForward, mingruTangent } from "./cells/mingru";
export { sigmoidRow, tanhRow } from "./math";
export { gemm, gemmTN } from "./gemm/product";
export { packColumns, packRows } from "./gemm/pack";
export { countCorrect, crossEntropy, softmaxRows, squaredError } from "./loss";
export { adagradStep, adamStep, rmspropStep, sgdStep } from "./optimizer";
export { moveBiasInfluence, moveInfluence } from "./influence";
export { addScaled, addScaledRows, clamp, dot, scale, sumOfSquares } from "./reduce";
export {
  add,
  addColumnSums,
  addTransposed,
  copyRows,
  dropout,
  fillRows,
  flushTiny,
  gather,
  scatterAdd,
  scatterAddColumns,
} from "./rows";
