import { portableGroup } from "@ipse/protocol/group";
import { describe, expect, test } from "vitest";
import type { Batch, Case } from "../src/measure/rounds.ts";
import {
  dealMaterial,
  expectTrue,
  keyObject,
  type Material,
  separateGroups,
} from "../src/signing/material.ts";
import {
  nobleAggregateCase,
  nobleCommitCase,
  nobleKey,
  nobleSignShareCase,
  nobleVerifyShareCase,
} from "../src/signing/noble.ts";
import {
  aggregateCase,
  commitCase,
  signShareCase,
  verifyShareCase,
  wholeSignCase,
} from "../src/signing/ours.ts";
import { loadTorus, torusSignCase } from "../src/signing/torus.ts";

const groups = await separateGroups(4);
const group = groups[0] ?? portableGroup;
const material = dealMaterial(group, 4);

async function once(one: Case): Promise<Batch> {
  const batch = await one.make(1);
  await batch.run();
  return batch;
}

function casesOf(of: Material): Case[] {
  const key = nobleKey(of);
  return [
    commitCase(of, "commit"),
    signShareCase(of, "sign-share", false),
    signShareCase(of, "sign-share-prevalidated", true),
    aggregateCase(of, "aggregate"),
    verifyShareCase(of, "verify-share"),
    wholeSignCase(of, groups, "whole"),
    nobleCommitCase(key, "noble-commit"),
    nobleSignShareCase(key, "noble-sign-share"),
    nobleAggregateCase(key, "noble-aggregate"),
    nobleVerifyShareCase(key, "noble-verify-share"),
  ];
}

describe("what is timed", () => {
  test.each(casesOf(material))("$name does its work", async (one) => {
    const batch = await once(one);
    expect(() => batch.check()).not.toThrow();
  });

  test("Torus signs the same messages under an Ed25519 key", async () => {
    const torus = await loadTorus();
    expect(torus).toBeDefined();
    if (torus === undefined) return;
    const batch = await once(torusSignCase(torus, group, { k: 3, message: material.message }, "torus"));
    expect(() => batch.check()).not.toThrow();
  });

  test("a signature under another key is noticed", async () => {
    const foreign = { ...material, verifyKey: keyObject(dealMaterial(group, 4).publicKey) };
    for (const one of [aggregateCase(foreign, "aggregate"), wholeSignCase(foreign, groups, "whole")]) {
      const batch = await once(one);
      expect(() => batch.check()).toThrow("wrong result while timed");
    }
    expect(() => expectTrue(false, "x")).toThrow("x");
  });
});
