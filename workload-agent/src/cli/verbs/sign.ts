import { MESSAGE_BYTES_MAX, toBase64Url } from "@ipse/protocol";
import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { readInput } from "../input.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

function readMessage(path: string): Uint8Array {
  const bytes = readInput(path, "the file");
  if (bytes.length > MESSAGE_BYTES_MAX)
    throw usageError(
      `the file has ${bytes.length} bytes, at most ${MESSAGE_BYTES_MAX} can be signed; sign its digest`,
    );
  return bytes;
}

/** `sign`: a plain Ed25519 signature over a file's bytes. */
export const signVerb = verb({
  name: "sign",
  description: "Sign a file's bytes (the workload needs --allow-raw)",
  args: {
    ...agentArgs,
    file: {
      type: "string",
      required: true,
      description: 'The file, or "-" for standard input',
      valueHint: "F",
    },
  },
  run: async (args) => {
    const payload = toBase64Url(readMessage(args.file));
    const answer = await callAgent(socketOf(args), "POST", "/v1/sign", { payload });
    const { signature } = z.looseObject({ signature: z.string() }).parse(answer);
    return { json: { signature }, text: signature };
  },
});
