/** Has as much of a web Worker, or of Node's, as is used; its methods are those of one or of the other. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  terminate(): unknown;
  /** A web Worker's. */
  addEventListener?(type: string, listener: (event: unknown) => void): unknown;
  /** Node's. */
  on?(type: string, listener: (value: unknown) => void): unknown;
  ref?(): void;
  unref?(): void;
}
