#!/usr/bin/env node
/** Dispatches the commands, and sets the exit code. */

// Brings the kernels; the other files take names from src/index.ts alone.
import "../wasm/inlined.js";
import { helpOf, parseArguments, suggestion } from "./arguments.js";
import { runClassify } from "./classify/classify-command.js";
import { classifyCommand, readClassifyPlan } from "./classify/classify-options.js";
import { runDiagnose } from "./diagnose-command.js";
import { diagnoseCommand, readDiagnosePlan } from "./diagnose-options.js";
import { evaluateCommand, readEvaluatePlan, runEvaluate } from "./evaluate-command.js";
import { Failure } from "./failure.js";
import { findRateCommand, readFindRatePlan, runFindRate } from "./find-rate-command.js";
import { infoCommand, runInfo } from "./info-command.js";
import { resumeCommand, runResume, type Trainer } from "./resume-command.js";
import { runForecast } from "./forecast/forecast-command.js";
import { forecastCommand, readForecastPlan } from "./forecast/forecast-options.js";
import { predictCommand, readPredictPlan, runPredict } from "./predict-command.js";
import { readSamplePlan, runSample, sampleCommand } from "./sample-command.js";
import { endQuietlyWhenClosed } from "./screen.js";
import { runTrain } from "./train-command.js";
import { trainCommand } from "./train-options.js";
import { version } from "./version.js";

const help = `Usage: bptt <command> [options]

Recurrent neural networks that learn to write, to forecast, and to tell sequences apart.

Commands:
  train <text>             trains a network on a text file and saves it
  resume <run>             goes on with a training that --run keeps, as if nothing had interrupted it
  info <model>             says what a saved network is, or how a run stands
  sample <model>           writes text with a saved network
  forecast <csv>           trains a network to forecast a column of a table, and saves it
  find-rate <text>         tries learning rates, plots their losses, and suggests one
  classify <data>          trains a network to tell the labels of sequences, CSV or JSON lines, and saves it
  predict <model> <data>   tells the labels of sequences with a saved network
  evaluate <model> <data>  measures a saved network on a text, or on sequences with labels
  diagnose <model> <text>  shows how far back a network's errors reach, and how far they must

bptt <command> --help explains a command's options. bptt --version prints the version.

Exit codes: 0, it is done. 1, it went wrong on the way: the loss became no number, the disk is full. 2, it cannot be done as
it was asked for: an option, a file. 130 and 143, Ctrl-C or the system stopped it; what was learned till then is saved.

Examples:
  bptt train shakespeare.txt --minutes 10
  bptt sample shakespeare.safetensors --length 1000
  bptt forecast co2.csv --target co2 --horizon 12
  bptt classify names.csv --label language
  bptt predict names.safetensors new-names.csv
  bptt diagnose shakespeare.safetensors shakespeare.txt
`;

const commands = [
  "train",
  "resume",
  "info",
  "sample",
  "forecast",
  "classify",
  "predict",
  "evaluate",
  "find-rate",
  "diagnose",
];

/** Those that train, and that resume goes on with. */
const trainers: Readonly<Record<string, Trainer>> = { train: runTrain };

/** Runs a command and returns the exit code. */
async function run([command, ...words]: readonly [command?: string, ...words: string[]]): Promise<number> {
  let open = true;
  endQuietlyWhenClosed(process.stdout, () => {
    open = false;
  });
  endQuietlyWhenClosed(process.stderr);
  switch (command) {
    case "train": {
      const given = parseArguments(trainCommand, words);
      if (given !== undefined) return runTrain(given);
      process.stdout.write(helpOf(trainCommand));
      return 0;
    }
    case "resume": {
      const given = parseArguments(resumeCommand, words);
      if (given !== undefined) return runResume(given, trainers);
      process.stdout.write(helpOf(resumeCommand));
      return 0;
    }
    case "info": {
      const given = parseArguments(infoCommand, words);
      if (given === undefined) process.stdout.write(helpOf(infoCommand));
      else await runInfo(given, process.stdout);
      return 0;
    }
    case "sample": {
      const given = parseArguments(sampleCommand, words);
      if (given === undefined) process.stdout.write(helpOf(sampleCommand));
      else await runSample(readSamplePlan(given), process.stdout, () => open);
      return 0;
    }
    case "find-rate": {
      const given = parseArguments(findRateCommand, words);
      if (given === undefined) process.stdout.write(helpOf(findRateCommand));
      else await runFindRate(readFindRatePlan(given), process.stdout, process.env);
      return 0;
    }
    case "forecast": {
      const given = parseArguments(forecastCommand, words);
      if (given !== undefined)
        return runForecast(readForecastPlan(given), process.stdout, process.stderr, process.env);
      process.stdout.write(helpOf(forecastCommand));
      return 0;
    }
    case "classify": {
      const given = parseArguments(classifyCommand, words);
      if (given !== undefined) return runClassify(readClassifyPlan(given), process.stdout, process.env);
      process.stdout.write(helpOf(classifyCommand));
      return 0;
    }
    case "predict": {
      const given = parseArguments(predictCommand, words);
      if (given === undefined) process.stdout.write(helpOf(predictCommand));
      else await runPredict(readPredictPlan(given), process.stdout, () => open);
      return 0;
    }
    case "evaluate": {
      const given = parseArguments(evaluateCommand, words);
      if (given === undefined) process.stdout.write(helpOf(evaluateCommand));
      else await runEvaluate(readEvaluatePlan(given), process.stdout);
      return 0;
    }
    case "diagnose": {
      const given = parseArguments(diagnoseCommand, words);
      if (given === undefined) process.stdout.write(helpOf(diagnoseCommand));
      else await runDiagnose(readDiagnosePlan(given), process.stdout, process.env);
      return 0;
    }
    case undefined:
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(help);
      return 0;
    case "--version":
    case "-v":
      process.stdout.write(`${version()}\n`);
      return 0;
    default: {
      const what = command.startsWith("-") ? "option" : "command";
      throw new Failure(`unknown ${what} ${command}${suggestion(command, commands) || "; see bptt --help"}`);
    }
  }
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`bptt: ${message.replace(/\s*\n\s*/g, " ")}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : 1;
}
