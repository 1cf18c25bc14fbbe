/**
 * Milliseconds of work in one span; the rate is taken over the current span and the one before it: up to
 * twice as many.
 */
const SPAN = 500;

/** Measures steps a second over about the last second of work, which is the time from `start` to `stop`. */
export class Throughput {
  private started = 0;
  private steps = 0;
  private time = 0;
  private formerSteps = 0;
  private formerTime = 0;

  start(): void {
    this.started = performance.now();
  }

  stop(steps: number): void {
    if (this.time >= SPAN) {
      this.formerSteps = this.steps;
      this.formerTime = this.time;
      this.steps = 0;
      this.time = 0;
    }
    this.steps += steps;
    this.time += performance.now() - this.started;
  }

  /** Steps a second of work; 0 while the clock has not moved yet. */
  get perSecond(): number {
    const time = this.time + this.formerTime;
    return time > 0 ? ((this.steps + this.formerSteps) / time) * 1000 : 0;
  }
}
