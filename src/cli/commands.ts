/** Lists the commands. */

import { helpOf, parseArguments, type Arguments, type Command } from "./arguments.js";
import { runClassify } from "./classify/classify-command.js";
import { classifyCommand } from "./classify/classify-options.js";
import { runDiagnose } from "./diagnose-command.js";
import { diagnoseCommand, readDiagnosePlan } from "./diagnose-options.js";
import { evaluateCommand, readEvaluatePlan, runEvaluate } from "./evaluate-command.js";
import { findRateCommand, readFindRatePlan, runFindRate } from "./find-rate-command.js";
import { exportCommand, readExportPlan, runExport } from "./exchange/export-command.js";
import { importCommand, readImportPlan, runImport } from "./exchange/import-command.js";
import { runForecast } from "./forecast/forecast-command.js";
import { forecastCommand } from "./forecast/forecast-options.js";
import { infoCommand, runInfo } from "./info-command.js";
import { predictCommand, readPredictPlan, runPredict } from "./predict-command.js";
import { resumeCommand, runResume, type Trainer } from "./resume-command.js";
import { readSamplePlan, runSample, sampleCommand } from "./sample-command.js";
import { parseSweep, sweepCommand } from "./sweep/sweep-options.js";
import { runSweep } from "./sweep/sweep-command.js";
import type { TrainerName } from "./sweep/trainers.js";
import { runTrain } from "./train-command.js";
import { trainCommand } from "./train-options.js";

/** Runs a command with its words, and returns the exit code. `open` says whether someone still reads the output. */
type Run = (words: readonly string[], open: () => boolean) => Promise<number>;

export interface CommandRow {
  readonly name: string;
  /** The name, and what the command is given. */
  readonly usage: string;
  /** What it does, in half a line. */
  readonly about: string;
  readonly run: Run;
}

/** `run` returns the exit code; nothing: 0. `parse` returns nothing where help is asked for. */
function row<Name extends string>(
  command: Command<Name>,
  about: string,
  run: (given: Arguments<Name>, open: () => boolean) => Promise<number> | Promise<void>,
  parse: (words: readonly string[]) => Arguments<Name> | undefined = (words) =>
    parseArguments(command, words),
): CommandRow {
  const { name, operands } = command;
  return {
    name,
    usage: [name, ...operands].join(" "),
    about,
    run: async (words, open) => {
      const given = parse(words);
      if (given !== undefined) return (await run(given, open)) ?? 0;
      process.stdout.write(helpOf(command));
      return 0;
    },
  };
}

/** Those that train, and that `resume` goes on with. */
const trainers: Readonly<Record<TrainerName | "sweep", Trainer>> = {
  train: runTrain,
  forecast: runForecast,
  classify: runClassify,
  sweep: runSweep,
};

const { stdout, env } = process;

/** All commands, in the order of the help. */
export const commands: readonly CommandRow[] = [
  row(trainCommand, "trains a network on a text file and saves it", (given) => runTrain(given)),
  row(forecastCommand, "trains a network to forecast a column of a table, and saves it", (given) =>
    runForecast(given),
  ),
  row(
    classifyCommand,
    "trains a network to tell the labels of sequences, CSV or JSON lines, and saves it",
    (given) => runClassify(given),
  ),
  row<string>(
    sweepCommand,
    "trains with many options, some at a time, and tells which do best",
    (given) => runSweep(given),
    parseSweep,
  ),
  row(resumeCommand, "goes on with a training that --run keeps, as if nothing had interrupted it", (given) =>
    runResume(given, trainers),
  ),
  row(sampleCommand, "writes text with a saved network", (given, open) =>
    runSample(readSamplePlan(given), stdout, open),
  ),
  row(predictCommand, "tells labels, or what comes next, with a saved network", (given, open) =>
    runPredict(readPredictPlan(given), stdout, open),
  ),
  row(evaluateCommand, "measures a saved network on data that it did not learn from", (given) =>
    runEvaluate(readEvaluatePlan(given), stdout),
  ),
  row(infoCommand, "says what a saved network is, or how a run stands", (given) => runInfo(given, stdout)),
  row(exportCommand, "writes a saved network for PyTorch, or as ONNX", (given) =>
    runExport(readExportPlan(given), stdout),
  ),
  row(importCommand, "makes a model of a PyTorch state dict, or of an ONNX file", (given) =>
    runImport(readImportPlan(given), stdout),
  ),
  row(findRateCommand, "tries learning rates, plots their losses, and suggests one", (given) =>
    runFindRate(readFindRatePlan(given), stdout, env),
  ),
  row(diagnoseCommand, "shows how far back a network's errors reach, and how far they must", (given) =>
    runDiagnose(readDiagnosePlan(given), stdout, env),
  ),
];
