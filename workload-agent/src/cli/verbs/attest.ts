import { IpseError } from "@ipse/protocol";
import { type JsonValue, parseStrictJsonBytes } from "@ipse/protocol/encoding";
import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { sha256OfFile, subjectName } from "../digest-file.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { readInput } from "../input.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

function readPredicate(path: string): JsonValue {
  const bytes = readInput(path, "the predicate");
  let value: JsonValue;
  try {
    value = parseStrictJsonBytes(bytes, { depthMax: 64 });
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    throw usageError(`the predicate is not usable JSON: ${error.message}`);
  }
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) throw usageError("the predicate is not a JSON object");
  return value;
}

async function readSubjects(paths: readonly string[]) {
  const names = paths.map(subjectName);
  if (new Set(names).size < names.length) throw usageError("two subjects have the same name");
  const one = async (path: string, i: number) => ({
    name: names[i],
    digest: { sha256: await sha256OfFile(path) },
  });
  return Promise.all(paths.map(one));
}

/** `attest`: an in-toto Statement v1 about files, in a DSSE envelope; both forms of output are the envelope. */
export const attestVerb = verb({
  name: "attest",
  description: "Sign a statement about files (in-toto v1 in a DSSE envelope)",
  args: {
    ...agentArgs,
    subject: {
      type: "string",
      required: true,
      multiple: true,
      description: "What the statement is about; may stand several times",
      valueHint: "FILE",
    },
    predicate: {
      type: "string",
      required: true,
      description: 'A JSON object that says it, or "-" for standard input',
      valueHint: "FILE",
    },
    "predicate-type": {
      type: "string",
      required: true,
      description: "What kind of statement, e.g. https://slsa.dev/provenance/v1",
      valueHint: "URI",
    },
  },
  run: async (args, all) => {
    const predicate = readPredicate(args.predicate);
    const subject = await readSubjects(all("subject"));
    const body = { subject, predicate_type: args["predicate-type"], predicate };
    const answer = await callAgent(socketOf(args), "POST", "/v1/attest", body);
    const { envelope } = z.looseObject({ envelope: z.looseObject({}) }).parse(answer);
    return { json: envelope, text: JSON.stringify(envelope) };
  },
});
