import { byteKey } from "@ipse/protocol";
import type { SignableTokenRequest } from "@ipse/protocol/issuer";
import { jwkThumbprint, type PublicJwk, parseCompactJwt } from "@ipse/protocol/oauth";
import { BURN_PREFIX } from "../checkers/token-once.ts";
import { tokenReplay } from "../scenarios/40-token-replay.ts";
import { lyingCoordinator, rewritten } from "../scenarios/41-lying-coordinator.ts";
import { subjectOf } from "../scenarios/rogue-coordinator.ts";
import type { Stage } from "../scenarios/stage.ts";
import type { Control } from "./control.ts";

/** The request as it would have to be for a co-signer that compares; undefined where it is. */
function madeToFit(request: SignableTokenRequest): {
  request: SignableTokenRequest;
  jkt: string | undefined;
} {
  const { assertion, scope, resource, proof } = request;
  const jwk = proof === undefined ? undefined : (parseCompactJwt(proof).header["jwk"] as PublicJwk);
  const jkt = jwk === undefined ? undefined : jwkThumbprint(jwk);
  const changes = { scope, resource, cnf: jkt === undefined ? undefined : { jkt } };
  return { request: { ...request, assertion: rewritten(assertion, changes) }, jkt };
}

/** What a co-signer without the comparison sees: an assertion that fits whatever the coordinator asks for. */
export const unboundAssertion: Control = {
  name: "assertion-not-bound",
  caughtBy: "token-bound",
  breaks: "co-signers do not compare the request with the assertion",
  scenario: lyingCoordinator,
  apply: (stage: Stage) => {
    const { world } = stage;
    const believed = new Set<string>();
    for (const oracle of world.oracles)
      oracle.interposers.push({
        ports: (options) => {
          const { ed25519 } = options.group;
          const verify: typeof ed25519.verify = (key, message, signature) =>
            believed.has(byteKey(message)) || ed25519.verify(key, message, signature);
          return { ...options, group: { ...options.group, ed25519: { ...ed25519, verify } } };
        },
      });
    world.network.manglePeer = (packet) => {
      const { message } = packet;
      if (message.kind !== "cosign" || message.message.kind !== "propose") return packet;
      const { subject } = message.message;
      if (subject.kind !== "token" || subject.request.resource === undefined) return packet;
      const { request, jkt } = madeToFit(subject.request);
      believed.add(byteKey(parseCompactJwt(request.assertion).signingInput));
      const fitting = { ...subjectOf(stage, request, jkt), request };
      return { ...packet, message: { ...message, message: { ...message.message, subject: fitting } } };
    };
  },
};

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => bytes[i] === byte);
}

export const volatileBurn: Control = {
  name: "jti-not-burned-durably",
  caughtBy: "token-once",
  breaks: "co-signers answer although the assertion's burn never reaches the disk",
  scenario: tokenReplay,
  apply: ({ world }) => {
    for (const { store } of world.oracles)
      store.taps.push({ rewrite: (ops) => ops.filter(({ key }) => !startsWith(key, BURN_PREFIX)) });
  },
};
