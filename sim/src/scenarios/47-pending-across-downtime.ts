import { toBase64Url, utf8 } from "@ipse/protocol";
import { identityKidText } from "@ipse/protocol/policy";
import { EPOCH_MS } from "../core/index.ts";
import { ISSUER, SPIFFE_ID } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** An assertion expires while its step hangs: the step is certified, the message denied, the chain goes on. */
export const pendingAcrossDowntime: Scenario = {
  number: 47,
  name: "pending-across-downtime",
  expected: ["OK"],
  summary:
    "A message that became inadmissible while W was cut off is denied at COMMIT; ordering never depends on policy.",
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    let cut = true;
    world.network.toOracle.push(({ agent }) => !(cut && agent === victim.name));
    const now = Math.floor((EPOCH_MS + world.now) / 1000);
    const header = {
      typ: "client-authentication+jwt",
      alg: "EdDSA",
      kid: identityKidText(stage.genesis.identityKey),
    };
    const claims = {
      iss: SPIFFE_ID,
      sub: SPIFFE_ID,
      aud: ISSUER,
      exp: now + 3,
      iat: now,
      jti: `${prng.u32()}`,
    };
    const part = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));
    const payload = utf8(`${part(header)}.${part(claims)}`);
    const asked = victim.submitMessages([{ type: "assertion", payload }], "assertion");
    stage.run(5000);
    if (prng.chance(0.5)) victim.restart(200);
    stage.run(500);
    cut = false;
    stage.until(() => victim.mode === "running", 20_000, "it comes back");
    stage.must(stage.sign(victim, "the next one"), "the chain goes on");
    const { outcome } = asked;
    const signed = outcome?.ok === true && outcome.outcomes.some((one) => one.ok);
    stage.must(!signed, "the expired assertion carries no signature");
    const stalled = victim.state?.phase;
    stage.must(stalled?.kind === "live", "the instance lives");
  },
};
