/** What is due next, among many: a binary heap. Equal times come out in an order that depends on the calls alone. */
export interface Timed {
  /** Microseconds since the capture's start. */
  due: number;
}

export class Schedule<T extends Timed> {
  private readonly items: T[] = [];

  get length(): number {
    return this.items.length;
  }

  get first(): T | undefined {
    return this.items[0];
  }

  add(item: T): void {
    const { items } = this;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above] as T;
      if (parent.due <= item.due) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  /** The first item's `due` was moved to a later time. */
  settleFirst(): void {
    this.sink(this.items[0] as T);
  }

  removeFirst(): void {
    const last = this.items.pop() as T;
    if (this.items.length > 0) this.sink(last);
  }

  /** Puts the item where it belongs, from the top down. */
  private sink(item: T): void {
    const { items } = this;
    const { length } = items;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= length) break;
      if (below + 1 < length && (items[below + 1] as T).due < (items[below] as T).due) below += 1;
      const child = items[below] as T;
      if (item.due <= child.due) break;
      items[at] = child;
      at = below;
    }
    items[at] = item;
  }
}
