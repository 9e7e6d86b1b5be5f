import { describe, expect, it } from "vitest";
import { TokenCache } from "../../src/tokens/token-cache.ts";
import { FakeTime } from "../tools/fake-time.ts";

/** A cache over a server that numbers its tokens. */
function cacheOf(lifetimeMs = 300_000) {
  const time = new FakeTime();
  const cache = new TokenCache<number>(time, time, 4);
  const server = { fetches: 0, fails: false };
  const get = async (key = "k") =>
    (
      await cache.get(key, async () => {
        server.fetches++;
        if (server.fails) throw new Error("down");
        return { value: server.fetches, lifetimeMs };
      })
    ).value;
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { time, cache, server, get, settle };
}

describe("the token cache", () => {
  it("asks once for callers at one moment, and again for another key", async () => {
    const { server, get } = cacheOf();
    expect(await Promise.all([get(), get(), get()])).toEqual([1, 1, 1]);
    expect(await get()).toBe(1);
    expect(await get("other")).toBe(2);
    expect(server.fetches).toBe(2);
  });

  it("renews ahead what is in use", async () => {
    const { time, get, settle } = cacheOf();
    await get();
    time.advance(1000);
    await get();
    time.advance(200_000);
    await settle();
    expect(await get()).toBe(2);
  });

  it("lets go of what nobody uses", async () => {
    const { time, cache, server, get, settle } = cacheOf();
    await get();
    time.advance(301_000);
    await settle();
    expect(server.fetches).toBe(1);
    expect(cache.size).toBe(0);
    expect(time.pending).toBe(0);
  });

  it("does not wait for a renewal while the old token lives", async () => {
    const { time, get, settle } = cacheOf();
    await get();
    time.freeze(250_000);
    expect(await get()).toBe(1);
    await settle();
    expect(await get()).toBe(2);
  });

  it("gives no expired token, by either clock", async () => {
    const { time, get } = cacheOf();
    await get();
    time.freeze(300_001);
    expect(await get()).toBe(2);
    // A machine that slept: the monotonic clock stood still.
    time.jumpWall(300_001);
    expect(await get()).toBe(3);
  });

  it("keeps a living token when its renewal fails, and tries again", async () => {
    const { time, server, get, settle } = cacheOf();
    await get();
    await get();
    server.fails = true;
    time.advance(200_001);
    await settle();
    expect(await get()).toBe(1);
    server.fails = false;
    time.advance(60_000);
    await settle();
    expect(await get()).toBeGreaterThan(1);
  });

  it("does not remember errors", async () => {
    const { server, get } = cacheOf();
    server.fails = true;
    await expect(get()).rejects.toThrow("down");
    server.fails = false;
    expect(await get()).toBe(2);
  });

  it("is bounded, and drops the least used first", async () => {
    const { cache, server, get } = cacheOf();
    for (const key of ["a", "b", "c", "d", "a", "e"]) await get(key);
    expect(cache.size).toBe(4);
    expect(server.fetches).toBe(5);
    await get("a");
    expect(server.fetches).toBe(5);
    await get("b");
    expect(server.fetches).toBe(6);
  });

  it("forgets everything when told, timers included", async () => {
    const { time, cache, get } = cacheOf();
    await get();
    cache.clear();
    expect(time.pending).toBe(0);
    expect(await get()).toBe(2);
  });
});
