export type Compression = 'none' | 'gzip' | 'zstd' | 'lz4';

/** What is learned about a stream while it is read. */
export interface Decompression {
  compression: Compression;
  /** True when the compressed stream ends before its own end. */
  truncated: boolean;
  readonly warnings: string[];
}
