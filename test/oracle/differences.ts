/**
 * Returns the derivative of `f` by each number of `variable`, (f(x + ε) − f(x − ε)) / 2ε; restores the
 * variable.
 */
export function centralDifferences(f: () => number, variable: Float64Array, epsilon = 1e-6): Float64Array {
  return Float64Array.from(variable, (value, i) => {
    variable[i] = value + epsilon;
    const above = f();
    variable[i] = value - epsilon;
    const below = f();
    variable[i] = value;
    return (above - below) / (2 * epsilon);
  });
}
