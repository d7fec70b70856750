/** What has begun and not ended, by the registry that it is in and what it is known by there. */
export class Open<Value> {
  readonly #byRegistry = new Map<object, Map<string, Value>>();

  begin(registry: object, id: string, value: Value): void {
    let begun = this.#byRegistry.get(registry);
    if (!begun) this.#byRegistry.set(registry, (begun = new Map<string, Value>()));
    begun.set(id, value);
  }

  /** What began under this id; `undefined` where nothing is known of it, or it has ended. */
  end(registry: object, id: string): Value | undefined {
    const begun = this.#byRegistry.get(registry);
    const value = begun?.get(id);
    begun?.delete(id);
    if (begun?.size === 0) this.#byRegistry.delete(registry);
    return value;
  }

  /** All that goes on now. */
  values(): Value[] {
    return [...this.#byRegistry.values()].flatMap((begun) => [...begun.values()]);
  }
}

/** What a lease is known by in its registry. */
export const leaseId = ({ lockName, token }: { readonly lockName: string; readonly token: number }) => `${token} ${lockName}`;
