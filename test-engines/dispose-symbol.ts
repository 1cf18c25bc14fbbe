/** Symbol.dispose for the tests' own `using`, where an engine has none: the library itself invents none. */
for (const name of ["dispose", "asyncDispose"]) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}
