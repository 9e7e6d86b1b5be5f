import { describe, expect, it } from "vitest";
import { machineIdentity, watchContinuity } from "../../src/continuity/index.ts";
import { FakeTime } from "../tools/fake-time.ts";

function watched(identity = () => ({ bootId: "a", generationId: undefined as string | undefined })) {
  const time = new FakeTime();
  const losses: string[] = [];
  const stop = watchContinuity({
    clock: time,
    timers: time,
    identity,
    onLost: (reason) => losses.push(reason),
  });
  return { time, losses, stop };
}

describe("continuity", () => {
  it("holds while time passes", () => {
    const { time, losses } = watched();
    time.advance(3_600_000);
    expect(losses).toEqual([]);
  });

  it("is lost when the wall clock jumps, either way, once per jump", () => {
    const { time, losses } = watched();
    time.advance(5000);
    time.jumpWall(60_000);
    time.advance(5000);
    expect(losses).toEqual(["clock-jump"]);
    time.jumpWall(-60_000);
    time.advance(5000);
    expect(losses).toEqual(["clock-jump", "clock-jump"]);
  });

  it("survives what a time daemon does", () => {
    const { time, losses } = watched();
    for (let i = 0; i < 100; i++) {
      time.jumpWall(1);
      time.advance(1000);
    }
    expect(losses).toEqual([]);
  });

  it("is lost when the process was stopped for long", () => {
    const { time, losses } = watched();
    time.advance(2500);
    time.freeze(30_000);
    time.advance(5000);
    expect(losses).toEqual(["pause"]);
  });

  it("survives a busy moment", () => {
    const { time, losses } = watched();
    time.freeze(4000);
    time.advance(5000);
    expect(losses).toEqual([]);
  });

  it("is lost when boot or VM generation change", () => {
    let now = { bootId: "a", generationId: "x" as string | undefined };
    const { time, losses } = watched(() => now);
    time.advance(2000);
    now = { bootId: "a", generationId: "y" };
    time.advance(2000);
    now = { bootId: "b", generationId: "y" };
    time.advance(2000);
    expect(losses).toEqual(["generation-id", "boot-id"]);
  });

  it("is not watched any more after the stop", () => {
    const { time, losses, stop } = watched();
    stop();
    time.jumpWall(60_000);
    time.advance(60_000);
    expect(losses).toEqual([]);
    expect(time.pending).toBe(0);
  });

  it("does without files that this machine does not have", () => {
    expect(machineIdentity("/does/not/exist", "/neither")).toEqual({
      bootId: undefined,
      generationId: undefined,
    });
  });
});
