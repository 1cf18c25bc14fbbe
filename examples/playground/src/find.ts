/** The element of the page with that id. Throws where the page and the program do not fit together. */
export function find<Type extends Element>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page has no "${id}" of that kind`);
}
