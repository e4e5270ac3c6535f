/** The bytes of a stream that is already open - standard input, a pipe, a socket - as they come: what arrives at once is handed on at once. */
import type { PositionListener } from './file.ts';
import { UserError } from './user-error.ts';

/** Any Node Readable, or other iterable, of bytes. */
export type ByteStream = AsyncIterable<Uint8Array | string>;

/** BORROWED: a chunk is valid until the next one is asked for. @throws UserError when the stream is set to text */
export async function* streamChunks(
  stream: ByteStream,
  onPosition: PositionListener = () => {},
): AsyncGenerator<Uint8Array, void, void> {
  let position = 0;
  for await (const chunk of stream) {
    if (typeof chunk === 'string') {
      throw new UserError('the input stream yields text: it must yield bytes, so leave out its encoding');
    }
    position += chunk.length;
    onPosition(position);
    yield chunk;
  }
}
