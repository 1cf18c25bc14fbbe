/** Makes `using` work for classes with `dispose` where engines have Symbol.dispose; it invents none. */
export function makeDisposable(prototype: { dispose: () => void }): void {
  define(prototype, Symbol.dispose, function (this: typeof prototype) {
    this.dispose();
  });
}

/** Makes `await using` work for classes with `terminate` where engines have Symbol.asyncDispose. */
export function makeAsyncDisposable(prototype: { terminate: () => Promise<void> }): void {
  define(prototype, Symbol.asyncDispose, function (this: typeof prototype) {
    return this.terminate();
  });
}

/** Defines the method if the engine has the symbol; some have none, whatever the types say. */
function define(prototype: object, symbol: unknown, value: () => unknown): void {
  if (typeof symbol !== "symbol") return;
  Object.defineProperty(prototype, symbol, { value, configurable: true, writable: true });
}
