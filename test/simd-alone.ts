/** Makes an engine without relaxed SIMD, so that the plain build is tested alone: for `BPTT_KERNELS`, before src/wasm/inlined.ts. */

const { validate } = WebAssembly;
// Of the loader's probes the one for relaxed SIMD has this byte.
WebAssembly.validate = (bytes) => !new Uint8Array(bytes as ArrayBuffer).includes(0x85) && validate(bytes);
