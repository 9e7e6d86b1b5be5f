/*
 * Functions of values that are never changed in place, computed once per object. Nobody may change the results either.
 */

/** For values that live long: what an object is remembered by does not touch it. */
export function remembered<T extends object, R>(compute: (value: T) => R): (value: T) => R {
  const known = new WeakMap<T, R>();
  return (value) => {
    let result = known.get(value);
    if (result === undefined) {
      result = compute(value);
      known.set(value, result);
    }
    return result;
  };
}

/** Hands back the object it was given: so a class that extends it puts its private fields on that object. */
class Carrier {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the only way to give an object a private field
    return value;
  }
}

/**
 * For values that come with every message and go with it: the object carries the result in a private field, which
 * neither a spread nor a comparison sees. An entry in a WeakMap costs the garbage collector as much as a hash. Frozen
 * objects may not carry anything.
 */
export function carried<T extends object, R>(compute: (value: T) => R): (value: T) => R {
  class Result extends Carrier {
    readonly #result: R;
    constructor(value: T) {
      super(value);
      this.#result = compute(value);
    }
    static of(value: T): R {
      return #result in value ? value.#result : new Result(value).#result;
    }
  }
  return Result.of;
}
