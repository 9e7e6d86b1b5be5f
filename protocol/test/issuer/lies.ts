import type { CosignSubject } from "../../src/issuer/index.ts";
import type { CosignMessage } from "../../src/wire/cosign.ts";
import type { TokenWorld } from "./token-world.ts";

export type TokenSubject = Extract<CosignSubject, { kind: "token" }>;

/** The coordinator changes what it proposes to the others (its own part stays honest). */
export function lyingCoordinator(world: TokenWorld, lie: (subject: TokenSubject) => TokenSubject): void {
  world.cluster.tamper = (_from, _to, message) => {
    if (message.kind !== "cosign" || message.message.kind !== "propose") return message;
    const { subject } = message.message;
    if (subject.kind !== "token") return message;
    return { ...message, message: { ...message.message, subject: lie(subject) } };
  };
}

export function onCosign(
  world: TokenWorld,
  from: number,
  change: (message: CosignMessage) => CosignMessage,
): void {
  world.cluster.tamper = (sender, _to, message) =>
    sender === from && message.kind === "cosign" ? { ...message, message: change(message.message) } : message;
}
