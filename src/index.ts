export {
  DisposedError,
  DivergenceError,
  FormatError,
  InvalidStateError,
  OutOfMemoryError,
} from "./errors.js";
export { supportedBuilds } from "./wasm/load.js";
export { cellNames } from "./network/cells/by-name.js";
export { createNetwork } from "./network/create-network.js";
export { createThreadPool } from "./threads/thread-pool.js";
export { WorkerError } from "./threads/worker-error.js";
export { inspect, type Inspection } from "./network/inspect.js";
export * from "./network/losses/by-name.js";
export { softmax } from "./network/softmax.js";
export type * from "./network/types.js";
export { clipGradientNorm, clipGradientValue } from "./optimize/clip.js";
export * from "./optimize/optimizers.js";
export { classWeights, type ClassWeightsOptions } from "./data/class-weights.js";
export type { SequenceItem } from "./data/items.js";
export type { LabelledSequence, SequenceContent } from "./data/labelled-sequences.js";
export type { Padding } from "./data/pack.js";
export type { PlannedPadding } from "./data/plan.js";
export type { ForecastBaseline } from "./data/table/baselines.js";
export { ForecastCodec } from "./data/table/forecast-codec.js";
export { forecastData, type ForecastData, type ForecastDataOptions } from "./data/table/forecast-data.js";
export type { ForecastPart, ForecastWindowsOptions } from "./data/table/forecast-part.js";
export type { Fill } from "./data/table/missing.js";
export type { ScalingKind } from "./data/table/scaling.js";
export type { ForecastTable, MissingCounts } from "./data/table/series.js";
export { SequenceCodec } from "./data/sequence-codec.js";
export { sequenceSet, type SequenceSet, type SequenceSetOptions } from "./data/sequence-set.js";
export { stratifiedSplit, type Split, type StratifiedSplitOptions } from "./data/stratified-split.js";
export { tokenStream, type TokenStream, type TokenStreamOptions } from "./data/token-stream.js";
export { ByteVocabulary } from "./data/byte-vocabulary.js";
export type { WordVocabularyOptions } from "./data/piece-counts.js";
export { readCharVocabulary, readWordVocabulary } from "./data/read-vocabulary.js";
export type { ReadableText, TextChunk, TextChunks, TextSource } from "./data/text-source.js";
export { textStream, type TextStreamOptions } from "./data/text-stream.js";
export type { TrainingData, TrainingWindow } from "./data/training-data.js";
export { CharVocabulary, type EncodeOptions, type PartEncoder, type Vocabulary } from "./data/vocabulary.js";
export { WordVocabulary } from "./data/word-vocabulary.js";
export { loadVocabulary, saveVocabulary } from "./formats/vocabulary-text.js";
export { loadNetwork, readMetadata, saveNetwork, type SaveNetworkOptions } from "./formats/network-file.js";
export { fromPyTorch, type FromPyTorchOptions } from "./formats/pytorch/from-pytorch.js";
export { toPyTorch, type ToPyTorchNames } from "./formats/pytorch/to-pytorch.js";
export {
  readSafetensors,
  writeSafetensors,
  type SafetensorsFile,
  type SafetensorsTensor,
} from "./formats/safetensors-file.js";
export { ctcDecode, type CtcDecodeOptions } from "./infer/ctc-decode.js";
export { editDistance } from "./infer/edit-distance.js";
export { forecast, type Forecast, type ForecastOptions, type QuantileForecast } from "./infer/forecast.js";
export {
  forecastNext,
  measureForecasts,
  type ForecastError,
  type ForecastErrors,
  type ForecastMeasurement,
  type NextForecast,
} from "./infer/table-forecasts.js";
export {
  predict,
  predictClasses,
  type ClassPrediction,
  type PredictClassesOptions,
  type PredictOptions,
} from "./infer/predict.js";
export { sample, type SampleOptions } from "./infer/sample.js";
export type { CheckedWindow } from "./learn/windows/checked-window.js";
export {
  compareLearners,
  type CompareLearnersOptions,
  type LearnerComparison,
  type LearnerMeasurement,
  type LearnersComparison,
} from "./learn/measure/compare-learners.js";
export {
  estimateGradient,
  type EstimateGradientOptions,
  type GradientEstimate,
} from "./learn/measure/estimate-gradient.js";
export type { GradientDecay } from "./learn/flow/decay.js";
export {
  gradientFlow,
  type GradientFlow,
  type GradientFlowOptions,
  type LagFlow,
  type LayerFlow,
} from "./learn/flow/gradient-flow.js";
export type { Saturation } from "./learn/flow/saturation.js";
export type { Truncation } from "./learn/flow/truncation.js";
export type { GradientDistance, SampleMeasurement } from "./learn/measure/gradient-sample.js";
export {
  createLearner,
  type BeginLearning,
  type GradientEvent,
  type Learner,
  type LearnerContext,
  type LearnerRun,
  type LossFunction,
} from "./learn/learner.js";
export * from "./learn/rules.js";
export type { PlainArray, PlainData } from "./plain-data.js";
export {
  anomalyScorer,
  type AnomalyScore,
  type AnomalyScorer,
  type AnomalyScorerOptions,
} from "./train/anomaly-scorer.js";
export type { Cluster } from "./train/cluster/cluster.js";
export { ClusterError } from "./train/cluster/cluster-error.js";
export { createCluster } from "./train/cluster/create-cluster.js";
export type { Transport } from "./train/cluster/exchange.js";
export { evaluate, type EvaluateOptions, type Evaluation } from "./train/evaluate.js";
export {
  findLearningRate,
  type FindLearningRateOptions,
  type LearningRateSearch,
} from "./train/find-learning-rate.js";
export { onlineSession } from "./train/online-session.js";
export type {
  LearnedStep,
  OnlineSession,
  OnlineSessionOptions,
  StepTarget,
} from "./train/online-session-types.js";
export type { TrainOptions } from "./train/options.js";
export { resumeTraining, type ResumeOptions } from "./train/resume-training.js";
export * from "./train/schedules/schedules.js";
export type { StopSignal } from "./train/stop-signal.js";
export { train } from "./train/train.js";
export type { Progress, Training } from "./train/training.js";
