import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { table } from "../output.ts";
import { verb } from "../verb.ts";

const report = z.looseObject({
  spiffe_id: z.string(),
  instance: z.string(),
  kid: z.string(),
  jwk: z.looseObject({}),
  pem: z.string(),
});

/** A shell line that checks a signature of `ipse-agent sign` with nothing but openssl; FILE and SIGNATURE are the reader's. */
export function verifyCommand(pem: string): string {
  const lines = pem
    .trim()
    .split("\n")
    .map((line) => `'${line}'`)
    .join(" ");
  return [
    `printf '%s\\n' ${lines} > ipse-key.pem`,
    `printf '%s==' "$SIGNATURE" | tr '_-' '/+' | openssl base64 -d -A > ipse-signature.bin`,
    `openssl pkeyutl -verify -pubin -inkey ipse-key.pem -rawin -in "$FILE" -sigfile ipse-signature.bin`,
  ].join(" && ");
}

/** `identity`: who the workload is, and how anybody can check its signatures. */
export const identityVerb = verb({
  name: "identity",
  description: "Show SPIFFE ID, instance and public key, and how to verify a signature",
  args: { ...agentArgs },
  run: async (args) => {
    const answer = await callAgent(socketOf(args), "GET", "/v1/identity");
    const { spiffe_id, instance, kid, jwk, pem } = report.parse(answer);
    const verify = verifyCommand(pem);
    const rows = table([
      ["SPIFFE ID", spiffe_id],
      ["instance", instance],
      ["kid", kid],
      ["JWK", JSON.stringify(jwk)],
    ]);
    const text = `${rows}\n\n${pem.trim()}\n\nVerify (set FILE and SIGNATURE first):\n${verify}`;
    return { json: { ...answer, verify }, text };
  },
});
