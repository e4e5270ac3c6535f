/** Two network namespaces joined by a veth pair: a server and a client, for faults put between them. Needs root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

export const SERVER = '10.77.0.2';
const CLIENT = '10.77.0.1';

const canLab = process.platform === 'linux' && process.getuid?.() === 0 && hasIp();
/** For `describe` and `test`. */
export const LAB = canLab ? {} : { skip: 'SKIPPED, NOT TESTED: needs root, network namespaces and the command ip' };

function hasIp(): boolean {
  try {
    execFileSync('ip', ['-V']);
    return true;
  } catch {
    return false;
  }
}

export class Lab {
  readonly server: string;
  readonly client: string;
  private readonly name: string;
  private readonly children: ChildProcess[] = [];

  /** @param name at most 6 characters: interface names are short */
  constructor(name: string) {
    this.name = name;
    this.server = `tridoc-${name}-sv`;
    this.client = `tridoc-${name}-cl`;
    this.close();
    const [inside, outside] = [`${name}0`, `${name}1`];
    run('ip', 'netns', 'add', this.server);
    run('ip', 'netns', 'add', this.client);
    run(
      'ip',
      'link',
      'add',
      inside,
      'netns',
      this.server,
      'type',
      'veth',
      'peer',
      'name',
      outside,
      'netns',
      this.client,
    );
    for (const [namespace, link, address] of [
      [this.server, inside, SERVER],
      [this.client, outside, CLIENT],
    ] as const) {
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
      run('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', link);
      run('ip', '-n', namespace, 'link', 'set', link, 'up');
    }
  }

  /** Tells the client the server's MAC, so that it need not ask. */
  knowNeighbours(): void {
    const [link] = JSON.parse(
      execFileSync('ip', ['-n', this.server, '-j', 'link', 'show', `${this.name}0`], { encoding: 'utf8' }),
    );
    run('ip', '-n', this.client, 'neigh', 'replace', SERVER, 'lladdr', link.address, 'dev', `${this.name}1`);
  }

  /** A command in the server's namespace, whole. */
  onServer(...words: readonly string[]): void {
    run('ip', 'netns', 'exec', this.server, ...words);
  }

  /** A process that lives until the lab is closed. */
  spawn(namespace: string, command: string, ...words: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, command, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.push(child);
    return child;
  }

  /** A server whose code is JavaScript; resolves when it prints something. */
  async serve(code: string): Promise<ChildProcess> {
    // Few files, so that a test can use them up.
    const child = this.spawn(
      this.server,
      'sh',
      '-c',
      'ulimit -n 64; exec "$@"',
      'sh',
      process.execPath,
      '--eval',
      code,
    );
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    return child;
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    for (const namespace of [this.server, this.client]) {
      try {
        execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
      } catch {
        // It was not there.
      }
    }
  }
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
}
