/**
 * Tells the language of a surname. A network reads its letters in both directions and answers once, for the whole name. Of
 * some languages there are twenty times as many names as of others: it learns from them as they are, and with weights by
 * which the rare ones count for more. The names are those of Faker's locales.
 */
import { de, en, es, fr, hr, it, pl, pt_PT as pt, ro, tr } from "@faker-js/faker";
import { adam, CharVocabulary, classWeights, createNetwork, evaluate, predictClasses } from "bptt";
import { sequenceSet, train, type Evaluation } from "bptt";

const locales = { de, en, es, fr, hr, it, pl, pt, ro, tr };
const languages = Object.keys(locales);
const epochs = Number(process.argv[2] ?? 8);

const latin = new Map(Object.entries({ ß: "ss", ł: "l", ı: "i", đ: "d" }));
/** Leaves a to z, spaces and the like: with their accents, many names would be no riddle. */
function simplify(name: string): string {
  const letters = name.toLowerCase().normalize("NFD");
  return letters.replace(/\p{Mark}|[ßłıđ]/gu, (letter) => latin.get(letter) ?? "");
}

const owners = new Map<string, Set<number>>();
for (const [language, { person }] of Object.values(locales).entries())
  for (const name of person?.last_name?.generic?.map(simplify) ?? [])
    owners.set(name, (owners.get(name) ?? new Set<number>()).add(language));
const names = [...owners].filter(([, { size }]) => size === 1); // Names at home in several languages are left out.

const vocabulary = CharVocabulary.from(names.map(([name]) => name).join(""));
const read = (name: string) => ({ tokens: vocabulary.encode(simplify(name)) });
const items = names.map(([name, [language]]) => ({ inputs: read(name), targets: { class: language } }));
const heldOut = items.filter((_, i) => i % 5 === 0);
const known = items.filter((_, i) => i % 5 > 0);

/** Learns from the known names, and measures the others. */
async function learn(kind: string, classWeights: ArrayLike<number>) {
  const sizes = {
    inputSize: vocabulary.size,
    embeddingSize: 16,
    hiddenSize: 48,
    outputSize: languages.length,
  };
  const network = createNetwork({ ...sizes, cell: "gru", bidirectional: true, output: "sequence" });
  const data = sequenceSet(known, { batch: 32, shuffle: true, classWeights });
  const training = { optimizer: adam({ learningRate: 3e-3 }), clipNorm: 1, epochs };
  for await (const { epoch, loss, epochEnd } of train(network, data, training))
    if (epochEnd) console.log(`${kind}, epoch ${epoch}: loss ${loss.toFixed(3)}`);
  return { kind, network, measured: await evaluate(network, sequenceSet(heldOut, { batch: 64 })) };
}

const weights = classWeights(known);
const alike = await learn(
  "without weights",
  weights.map(() => 1),
);
const between = await learn("square roots of weights", weights.map(Math.sqrt));
const balanced = await learn("balanced weights", weights);

const percent = (share = NaN) => `${(100 * share).toFixed(1)} %`;
const row = (read: (measured: Evaluation) => number | undefined) =>
  Object.fromEntries([alike, between, balanced].map(({ kind, measured }) => [kind, percent(read(measured))]));
const byLanguage = (read: (language: number) => unknown) =>
  Object.fromEntries(languages.map((language, i) => [language, read(i)]));
const { confusion = [], support = [] } = alike.measured;
console.log(`Of ${heldOut.length} held-out names were told right, and of those of each language:`);
console.table({
  accuracy: row(({ accuracy }) => accuracy),
  "macro-F1": row(({ macroF1 }) => macroF1),
  ...byLanguage((i) => ({ ...row(({ recall }) => recall?.[i]), names: support[i] })),
});
console.log("Without weights: a row for each language, and what its names were taken for:");
console.table(byLanguage((i) => byLanguage((j) => confusion[i * languages.length + j])));
for (const name of ["Rossellini", "Beauvoir", "Saramago", "Eminescu", "Lewandowska", "Hemingway"]) {
  const [{ classes, probabilities }] = predictClasses(alike.network, [read(name)], { topK: 3 });
  const likeliest = Array.from(
    classes,
    (language, i) => `${languages[language]} ${percent(probabilities[i])}`,
  );
  console.log(`${name}: ${likeliest.join(", ")}`);
}
