// The types by which a kernel's signature tells pointers from sizes. To the compiler all of them are usize.

/** A pointer is bytes from the start of memory. */
export type Pointer = usize;

/** This one may be 0: the kernel then does without what it would point to. */
export type OptionalPointer = usize;
