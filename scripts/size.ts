/**
 * Prints what each way of importing the package brings, part by part (`npm run size`). Fails over the budget.
 */
import { BUDGET, measureSizes } from "./bundle-size.js";

const sizes = await measureSizes();
const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1).padStart(8);
const width = Math.max(...sizes.map(({ name }) => name.length));
console.log(`${"kB".padEnd(width)}  minified   gzipped`);
for (const { name, minified, gzipped } of sizes) {
  console.log(`${name.padEnd(width)}  ${kilobytes(minified)}  ${kilobytes(gzipped)}`);
}
const [{ gzipped }] = sizes;
console.log(`\n${kilobytes(gzipped).trim()} kB of the budget of ${kilobytes(BUDGET).trim()} kB`);
if (gzipped > BUDGET) process.exitCode = 1;
