/** simd: everywhere, the same bits everywhere. relaxed-simd: fused multiply-add, where the engine has it. */
export type Build = "simd" | "relaxed-simd" | "wide";
