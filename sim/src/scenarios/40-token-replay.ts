import type { IssuedToken } from "@ipse/protocol/host";
import type { SignableTokenRequest } from "@ipse/protocol/issuer";
import { OAuthError } from "@ipse/protocol/oauth";
import { RogueCoordinator, subjectOf } from "./rogue-coordinator.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import { API, awaitIssuerKey, ProofKey, requestOf, signAssertions } from "./token-client.ts";

const WISH = { scope: "read", resource: API };

/** Shows a request to an oracle; what comes is added to `tokens`. */
function show(stage: Stage, oracle: number, request: SignableTokenRequest, tokens: string[]): void {
  const take = (result: IssuedToken | OAuthError): void => {
    if (!(result instanceof OAuthError)) tokens.push(result.accessToken);
  };
  stage.world.oracle(oracle).node?.tokens?.issueToken(request, () => undefined, take);
}

/** Restarts, cuts and repeated frames while the requests are under way. */
function disturb(stage: Stage): void {
  const { world, prng } = stage;
  const [restarted = 1, left = 2, right = 3] = stage.someOracles(3);
  const act = prng.int(4);
  if (act === 0) world.queue.after(prng.between(0, 60), () => world.oracle(restarted).restart(20));
  if (act === 1) world.queue.after(prng.between(0, 40), () => world.resetPeerLink(left, right));
  if (act === 2)
    world.network.between.push((packet) => {
      if (packet.message.kind === "cosign" && prng.chance(0.2))
        world.queue.after(prng.exponential(30), () => {
          world.oracle(packet.to).node?.onPeerMessage(packet.from, packet.message);
        });
      return true;
    });
}

/** One assertion is shown to every oracle at once, liars among them: the production issuer signs one token at most. */
export const tokenReplay: Scenario = {
  number: 40,
  name: "token-replay",
  expected: ["PREV"],
  summary: "One assertion, every oracle a coordinator, all at once and again later: at most one token.",
  setting: { issuer: true },
  script: (stage) => {
    const { world, prng, topology, victim } = stage;
    if (!awaitIssuerKey(stage)) return;
    const key = prng.chance(0.5) ? new ProofKey(stage, "client") : undefined;
    const wish = { ...WISH, jkt: key?.jkt };
    const [assertion, other] = signAssertions(stage, [wish, wish]);
    if (assertion === undefined || other === undefined) return;
    const request = requestOf(assertion, wish, key?.proof(1));
    const tokens: string[] = [];
    const rogues = stage
      .someOracles(prng.int(topology.byzantine + 1))
      .map((id) => new RogueCoordinator(stage, id));
    const attempts = rogues.map((rogue) => rogue.begin(subjectOf(stage, request, key?.jkt)));
    disturb(stage);
    const spreadMs = prng.chance(0.3) ? 1500 : 10;
    for (const { id } of prng.shuffle(world.oracles))
      world.queue.after(prng.exponential(spreadMs), () => show(stage, id, request, tokens));
    stage.run(6000);
    const stolen = attempts.filter(({ shares }) => shares.size >= topology.quorum).length;
    stage.must(new Set(tokens).size + stolen <= 1, "at most one token");
    const before = new Set(tokens).size;
    for (const { id } of world.oracles) show(stage, id, request, tokens);
    stage.run(5000);
    stage.must(before + stolen === 0 || new Set(tokens).size === before, "and none for a later replay");
    const honest: string[] = [];
    const [asked = 1] = stage.someOracles(topology.oracles).filter((id) => world.oracle(id).correct);
    show(stage, asked, requestOf(other, wish, key?.proof(2)), honest);
    stage.run(6000);
    stage.must(honest.length === 1, "an assertion of its own gets its token");
    stage.must(stage.sign(victim), "the workload goes on");
  },
};
