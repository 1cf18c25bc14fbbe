/** `using` for classes with a `dispose`, in engines that have the symbol; elsewhere none is invented. */
export function makeDisposable(prototype: { dispose: () => void }): void {
  // Engines without explicit resource management have no such symbol, whatever the types say.
  const symbol: unknown = Symbol.dispose;
  if (typeof symbol !== "symbol") return;
  Object.defineProperty(prototype, symbol, {
    value(this: { dispose: () => void }) {
      this.dispose();
    },
    configurable: true,
    writable: true,
  });
}
