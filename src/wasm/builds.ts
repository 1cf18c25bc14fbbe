/**
 * simd: everywhere, the same bits everywhere. relaxed-simd: fused multiply-add, where the engine has it. wide: pairs of
 * 128-bit operations merged into 256-bit ones, on tested versions of Node, after `import "bptt/wide"`.
 */
export type Build = "simd" | "relaxed-simd" | "wide";

/** Columns of a packed panel: what asconfig.json compiles the build with. */
export function panelColumns(build: Build): number {
  return build === "wide" ? 16 : 8;
}
