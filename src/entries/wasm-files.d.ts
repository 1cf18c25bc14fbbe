/** Says what workerd, and the tools that build for it, make of a WebAssembly file. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
