import { check } from "@ipse/protocol";
import { type AttestationKey, type InTotoStatement, openEnvelope } from "@ipse/protocol/attestation";
import { keysOfIdentity, keysOfJwks, keysOfPem, verifyEd25519 } from "../../attest/keys.ts";
import { sha256OfFile } from "../digest-file.ts";
import { readInput } from "../input.ts";
import { table } from "../output.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

interface KeySources {
  readonly key?: string | undefined;
  readonly jwks?: string | undefined;
  readonly identity?: string | undefined;
}

function readKeys({ key, jwks, identity }: KeySources): AttestationKey[] {
  const given = [
    { path: key, read: keysOfPem },
    { path: jwks, read: keysOfJwks },
    { path: identity, read: keysOfIdentity },
  ].filter(({ path }) => path !== undefined);
  const [first, ...more] = given;
  if (first?.path === undefined || more.length > 0)
    throw usageError("whose signature? give one of --key, --jwks or --identity");
  return first.read(Buffer.from(readInput(first.path, "the key file")).toString("utf8"));
}

/** Every file must be a subject by its digest; what a subject is called proves nothing. */
async function checkSubjects(statement: InTotoStatement, paths: readonly string[]): Promise<void> {
  const known = new Set(statement.subject.map(({ digest }) => digest["sha256"]));
  for (const path of paths) {
    const isKnown = known.has(await sha256OfFile(path));
    check(isKnown, "ERR_ATTESTATION_SUBJECT", `the statement is not about ${path}`);
  }
}

/** `verify-attestation`: offline; exit 0 when it holds, 1 when it does not. */
export const verifyAttestationVerb = verb({
  name: "verify-attestation",
  description: "Verify a signed statement offline",
  args: {
    envelope: {
      type: "string",
      required: true,
      description: 'The envelope, or "-" for standard input',
      valueHint: "F",
    },
    key: { type: "string", description: "Trust this public key (PEM)", valueHint: "F" },
    jwks: { type: "string", description: "Trust the keys of this JWK Set", valueHint: "F" },
    identity: { type: "string", description: "Trust what ipse-agent identity --json said", valueHint: "F" },
    subject: {
      type: "string",
      multiple: true,
      description: "The statement must be about this file; may stand several times",
      valueHint: "FILE",
    },
    "predicate-type": { type: "string", description: "It must be of this type", valueHint: "URI" },
  },
  run: async (args, all) => {
    const keys = readKeys(args);
    const { kid, statement } = openEnvelope(readInput(args.envelope, "the envelope"), keys, verifyEd25519);
    const { predicateType, subject } = statement;
    const wanted = args["predicate-type"];
    const isWanted = wanted === undefined || wanted === predicateType;
    check(isWanted, "ERR_ATTESTATION_PREDICATE_TYPE", "the statement is of another type");
    await checkSubjects(statement, all("subject"));
    const json = { verified: true, kid, predicate_type: predicateType, subject, statement };
    const named = subject.map(
      ({ name, digest }) => ["subject", `${name ?? ""} ${JSON.stringify(digest)}`] as const,
    );
    return { json, text: table([["verified", "yes"], ["kid", kid], ["type", predicateType], ...named]) };
  },
});
