/**
 * Many entries a key, in the order in which they came. Most keys have one: it is kept bare, without a set around it.
 */
export class MultiMap<Key, E extends object> {
  private readonly buckets = new Map<Key, E | Set<E>>();

  /** Keys that have an entry. */
  get size(): number {
    return this.buckets.size;
  }

  has(key: Key): boolean {
    return this.buckets.has(key);
  }

  keys(): Iterable<Key> {
    return this.buckets.keys();
  }

  add(key: Key, entry: E): void {
    const bucket = this.buckets.get(key);
    if (bucket === undefined) this.buckets.set(key, entry);
    else if (bucket instanceof Set) bucket.add(entry);
    else this.buckets.set(key, new Set([bucket, entry]));
  }

  /** False when it is not there. */
  delete(key: Key, entry: E): boolean {
    const bucket = this.buckets.get(key);
    if (bucket === entry) return this.buckets.delete(key);
    if (!(bucket instanceof Set) || !bucket.delete(entry)) return false;
    if (bucket.size === 0) this.buckets.delete(key);
    return true;
  }

  /** Puts `after` where `before` was. For keys with one entry: the place of a key in the order stays. */
  replaceOnly(key: Key, before: E, after: E): boolean {
    if (this.buckets.get(key) !== before) return false;
    this.buckets.set(key, after);
    return true;
  }

  first(key: Key): E | undefined {
    const bucket = this.buckets.get(key);
    return bucket instanceof Set ? bucket.values().next().value : bucket;
  }

  /** A copy: it may be kept, and the map may change while it is read. */
  get(key: Key): ReadonlyArray<E> {
    const bucket = this.buckets.get(key);
    return bucket === undefined ? [] : bucket instanceof Set ? [...bucket] : [bucket];
  }

  *[Symbol.iterator](): IterableIterator<E> {
    for (const bucket of this.buckets.values()) {
      if (bucket instanceof Set) yield* bucket;
      else yield bucket;
    }
  }
}
