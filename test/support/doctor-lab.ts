/** Network namespaces joined by veth pairs: a server, a client, and a router where one is wanted, for faults put between them. Needs root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

export const SERVER = '10.77.0.2';
export const CLIENT = '10.77.0.1';

/** Two test runs at the same time must not meet: names of namespaces and links have the process in them. At most 5 characters. */
const OWN = process.pid.toString(36);

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
    this.name = `${name}${OWN}`;
    this.server = `tridoc-${OWN}-${name}-sv`;
    this.client = `tridoc-${OWN}-${name}-cl`;
    const [inside, outside] = [`${this.name}0`, `${this.name}1`];
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

  /** The server's interface towards the client. */
  get link(): string {
    return `${this.name}0`;
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
    for (const namespace of [this.server, this.client]) deleteNamespace(namespace);
  }
}

/** A client, a router and a server in a row: 10.78.1.1, 10.78.1.254 and 10.78.2.254, 10.78.2.1; fd78:1::1 and so on. */
export class RoutedLab {
  readonly client = `tridoc-${OWN}-row-cl`;
  readonly router = `tridoc-${OWN}-row-rt`;
  readonly server = `tridoc-${OWN}-row-sv`;
  private readonly children: ChildProcess[] = [];

  constructor() {
    for (const namespace of [this.client, this.router, this.server]) {
      run('ip', 'netns', 'add', namespace);
      run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    }
    for (const [namespace, net] of [
      [this.client, 1],
      [this.server, 2],
    ] as const) {
      const [near, far] = [`td${OWN}n${net}`, `td${OWN}r${net}`];
      run('ip', 'link', 'add', near, 'netns', namespace, 'type', 'veth', 'peer', 'name', far, 'netns', this.router);
      addLink(namespace, near, `10.78.${net}.1/24`, `fd78:${net}::1/64`);
      addLink(this.router, far, `10.78.${net}.254/24`, `fd78:${net}::fe/64`);
      run('ip', '-n', namespace, 'route', 'add', 'default', 'via', `10.78.${net}.254`);
      run('ip', '-n', namespace, '-6', 'route', 'add', 'default', 'via', `fd78:${net}::fe`);
    }
    const forward = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.icmp_ratelimit=0'];
    run('ip', 'netns', 'exec', this.router, 'sysctl', '-qw', ...forward);
  }

  onRouter(...words: readonly string[]): void {
    run('ip', 'netns', 'exec', this.router, ...words);
  }

  spawn(namespace: string, ...words: readonly string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.push(child);
    return child;
  }

  close(): void {
    for (const child of this.children) child.kill('SIGKILL');
    for (const namespace of [this.client, this.router, this.server]) deleteNamespace(namespace);
  }
}

function addLink(namespace: string, link: string, four: string, six: string): void {
  run('ip', '-n', namespace, 'addr', 'add', four, 'dev', link);
  run('ip', '-n', namespace, 'addr', 'add', six, 'dev', link, 'nodad');
  run('ip', '-n', namespace, 'link', 'set', link, 'up');
}

function deleteNamespace(namespace: string): void {
  try {
    execFileSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' });
  } catch {
    // It was not there.
  }
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'ignore', 'pipe'] });
}
