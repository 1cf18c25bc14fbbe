/** Keeps what a forecasting network's model file needs besides the network. */

import { describe, FormatError } from "../../errors.js";
import { makeInputs } from "./channels.js";
import { ForecastPart, type ReadSeries } from "./forecast-part.js";
import { requireRecipe, type ForecastRecipe } from "./recipe.js";
import { readSeries, type ForecastTable } from "./series.js";

/**
 * Turns tables into what a network reads, and its outputs into forecasts in the table's units: knows the columns, their scaling, the
 * simple forecast that the network corrects, lookback and horizon. `forecastData` makes it. It is saved as text (`JSON.stringify(codec)`),
 * with the network.
 */
export class ForecastCodec {
  /** @internal */
  readonly recipe: ForecastRecipe;

  private constructor(recipe: ForecastRecipe) {
    this.recipe = recipe;
  }

  /** @internal */
  static of(recipe: ForecastRecipe): ForecastCodec {
    return new ForecastCodec(recipe);
  }

  /** H, the rows ahead that are forecast. */
  get horizon(): number {
    return this.recipe.horizon;
  }

  /** T, the rows that are read for a forecast. */
  get lookback(): number {
    return this.recipe.lookback;
  }

  /** Names of the features that tables must have, in their order. */
  get features(): readonly string[] {
    return [...this.recipe.features];
  }

  /** Whether tables must have dates. */
  get dated(): boolean {
    return this.recipe.dated;
  }

  /** I, a network's `inputSize`. */
  get inputSize(): number {
    return this.recipe.channels.length;
  }

  /** A network's `outputSize`, with `output: "sequence"`: H. */
  get outputSize(): number {
    return this.recipe.horizon;
  }

  /**
   * Returns every forecast that can be made over a table and has a value to be compared with: to measure a saved network on other rows.
   * Throws a TypeError or RangeError that names the column and the row.
   */
  read(table: ForecastTable): ForecastPart {
    const read = this.readAll(table);
    return new ForecastPart(read, 0, read.series.values.length);
  }

  /** @internal */
  readAll(table: ForecastTable): ReadSeries {
    const series = readSeries(table, this.recipe);
    return { recipe: this.recipe, series, inputs: makeInputs(this.recipe, series) };
  }

  /** Returns what `JSON.stringify` writes and `parse` reads. */
  toJSON(): object {
    return requireRecipe(this.recipe);
  }

  /** Reads what `JSON.stringify` wrote of a codec. Throws a FormatError for anything else. */
  static parse(text: string): ForecastCodec {
    if (typeof text !== "string") throw new TypeError(`"text" expected a string, got ${describe(text)}`);
    try {
      return new ForecastCodec(requireRecipe(JSON.parse(text) as ForecastRecipe));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new FormatError(`it is no codec of forecasts: ${message}`, { cause: error });
    }
  }
}
