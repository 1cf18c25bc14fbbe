/**
 * The layers of src/, lowest first. Imports run downwards only: a file may import from its own folder
 * and from the layers below, never from a layer above or from a neighbour in the same layer.
 */
export const layers = [
  ["errors.ts", "elementary.ts", "plain-data.ts", "random.ts"],
  ["wasm"],
  ["memory"],
  ["threads"],
  ["network", "optimize"],
  ["learn", "data", "formats"],
  ["train", "infer"],
  ["index.ts", "entries", "wide.ts", "worker", "node", "cli"],
];

/**
 * Within a layer, the few neighbours that may be imported: an optimizer moves a network's parameters, …
 * @type {Readonly<Record<string, readonly string[] | undefined>>}
 */
export const neighbours = {
  "plain-data.ts": ["errors.ts"],
  "random.ts": ["errors.ts"],
  optimize: ["network"],
  learn: ["data"],
  formats: ["data"],
  train: ["infer"],
  entries: ["index.ts", "node"],
  cli: ["index.ts", "wide.ts", "node"],
};

/** Zones for `import-x/no-restricted-paths`: what each place of src/ may not import. */
export function layerZones() {
  return layers.flatMap((places, level) =>
    places
      .map((place) => ({
        target: `./src/${place}`,
        from: forbidden(place, level),
        message: `${place} is in layer ${level}: imports run down the layers (scripts/layers.js).`,
      }))
      .filter((zone) => zone.from.length > 0),
  );
}

/**
 * @param {string} place
 * @param {number} level
 */
function forbidden(place, level) {
  return layers
    .slice(level)
    .flat()
    .filter((other) => other !== place && !(neighbours[place]?.includes(other) ?? false))
    .map((other) => `./src/${other}`);
}
