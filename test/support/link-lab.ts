/** Two network namespaces joined by veth pairs: what a capture sees when links fail, or of packets that are sent through them. Needs root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { commandFile } from './paths.ts';
import { Running } from './running.ts';

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
  tripod(...words: readonly string[]): Running {
    return new Running(this.spawn(this.far, process.execPath, commandFile, ...words));
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

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
}
