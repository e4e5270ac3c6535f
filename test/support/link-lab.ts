/** Two network namespaces joined by veth pairs: what a capture sees when links fail, or of packets that are sent through them. Needs root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { commandFile } from './paths.ts';

export class LinkLab {
  readonly near: string;
  readonly far: string;
  private readonly children: ChildProcess[] = [];

  /** @param name a few letters. Links are named v0, v1, …; 10.79.LINK.1 and fd79:LINK::1 are near, .2 and ::2 far. */
  constructor(name: string, links: number) {
    [this.near, this.far] = [`tri-${name}-${process.pid}-n`, `tri-${name}-${process.pid}-f`];
    for (const namespace of [this.near, this.far]) {
      run('ip', 'netns', 'add', namespace);
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    }
    for (let link = 0; link < links; link++) this.addLink(link);
  }

  addLink(link: number): void {
    const name = `v${link}`;
    run('ip', 'link', 'add', name, 'netns', this.near, 'type', 'veth', 'peer', 'name', name, 'netns', this.far);
    for (const [end, namespace] of [this.near, this.far].entries()) {
      run('ip', '-n', namespace, 'addr', 'add', `10.79.${link}.${end + 1}/24`, 'dev', name);
      run('ip', '-n', namespace, 'addr', 'add', `fd79:${link}::${end + 1}/64`, 'dev', name, 'nodad');
      run('ip', '-n', namespace, 'link', 'set', name, 'up');
    }
  }

  run(namespace: string, ...words: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', namespace, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** A connect from the near side that is refused. */
  connect(address: string, port: number): void {
    const code = `require('net').connect(${port}, '${address}').on('error', () => {}).setTimeout(1000, function () { this.destroy() })`;
    this.run(this.near, process.execPath, '--eval', code);
  }

  /** `tripod WORDS` in the far namespace. */
  tripod(...words: readonly string[]): Tripod {
    return new Tripod(this.spawn(this.far, process.execPath, commandFile, ...words));
  }

  spawn(namespace: string, ...words: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.push(child);
    return child;
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    for (const namespace of [this.near, this.far]) {
      try {
        execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
      } catch {
        // A test has deleted it.
      }
    }
  }
}

/** A running command, and what it has said. */
export class Tripod {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (text) => {
      this.stdout += text;
    });
    child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
  }

  /** Resolves when it has said it, on standard output or standard error; rejects when it ends before. */
  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout) && !pattern.test(this.stderr)) {
      if (this.child.exitCode !== null) throw new Error(`it ended without ${pattern}: ${this.stdout}${this.stderr}`);
      await Promise.race([
        once(this.child.stdout as NodeJS.ReadableStream, 'data'),
        once(this.child.stderr as NodeJS.ReadableStream, 'data'),
        once(this.child, 'close'),
      ]);
    }
  }

  /** Its exit code, once it has ended. */
  async ended(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
}
