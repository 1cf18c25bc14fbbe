/** Names the builds of the kernels, and says what they are compiled with. */

/**
 * simd: everywhere, the same bits everywhere. relaxed-simd: fused multiply-add, where the engine has it. wide: pairs of
 * 128-bit operations merged into 256-bit ones, on tested versions of Node, after `import "bptt/wide"`.
 */
export type Build = "simd" | "relaxed-simd" | "wide";

export { panelColumns } from "./generated/sizes.js";
