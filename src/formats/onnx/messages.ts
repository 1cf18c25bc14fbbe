/**
 * The few messages of ONNX that networks need (onnx.ai, onnx.proto3, IR version 8), as plain objects: what encode.ts writes and
 * decode.ts reads. Numbers of fields and types are the standard's.
 */

/** TensorProto.DataType. */
export const DATA_TYPES = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  BFLOAT16: 16,
} as const;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPES = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
} as const;

/** A tensor with its values. */
export interface OnnxTensor {
  readonly name: string;
  /** Of DATA_TYPES. */
  readonly dataType: number;
  readonly dims: readonly number[];
  /** Row-major, little-endian, as `raw_data` holds them. */
  readonly raw: Uint8Array;
}

export type OnnxAttribute =
  | { readonly type: "FLOAT" | "INT"; readonly value: number }
  | { readonly type: "FLOATS" | "INTS"; readonly value: readonly number[] }
  | { readonly type: "STRING"; readonly value: string }
  | { readonly type: "STRINGS"; readonly value: readonly string[] }
  | { readonly type: "TENSOR"; readonly value: OnnxTensor }
  | { readonly type: "GRAPH"; readonly value: OnnxGraph };

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** "" is ONNX's own. */
  readonly domain: string;
  /** Names of values; "" is one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  /** Of DATA_TYPES. */
  readonly dataType: number;
  /** A size, or the name of one that is only known at run time; "" is one without a name. Undefined: not said at all. */
  readonly dims: readonly (number | string)[] | undefined;
}

export interface OnnxGraph {
  readonly name: string;
  /** In an order in which each comes after those it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Versions of the operators, by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: OnnxGraph;
}
