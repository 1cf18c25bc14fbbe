/** `using` for classes with a `dispose`, in engines that have the symbol; elsewhere none is invented. */
export function makeDisposable(prototype: { dispose: () => void }): void {
  define(prototype, Symbol.dispose, function (this: typeof prototype) {
    this.dispose();
  });
}

/** `await using` for classes with a `terminate`. */
export function makeAsyncDisposable(prototype: { terminate: () => Promise<void> }): void {
  define(prototype, Symbol.asyncDispose, function (this: typeof prototype) {
    return this.terminate();
  });
}

/** Engines without explicit resource management have no such symbol, whatever the types say. */
function define(prototype: object, symbol: unknown, value: () => unknown): void {
  if (typeof symbol !== "symbol") return;
  Object.defineProperty(prototype, symbol, { value, configurable: true, writable: true });
}
