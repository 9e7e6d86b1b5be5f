import type { DkgMessage } from "../../src/dkg/index.ts";
import {
  type DkgContext,
  type DkgInput,
  type DkgOutput,
  type DkgParams,
  type DkgSend,
  type DkgState,
  decodeDkgMessage,
  decodeDkgState,
  dkgStart,
  dkgStep,
  encodeDkgMessage,
  encodeDkgState,
} from "../../src/dkg/index.ts";
import type { Group } from "../../src/group/index.ts";
import { anyGroup, seededRandom } from "../group/backends.ts";

export interface Envelope extends DkgSend {
  readonly from: number;
}

/** What a malicious oracle, or the network, makes of a message: any number of messages in its place. */
export type Tamper = (envelope: Envelope) => readonly Envelope[];

/** Machines 1..n with a queue between them. Every state passes through its encoding after every step. */
export class Ceremony {
  readonly group: Group;
  readonly params: DkgParams;
  readonly outputs = new Map<number, DkgOutput>();
  readonly ignored: string[] = [];
  queue: Envelope[] = [];
  tamper: Tamper = (envelope) => [envelope];
  readonly #seeds: readonly Uint8Array[];

  constructor(n: number, threshold: number, count: number, seed: string, group: Group = anyGroup) {
    const random = seededRandom(seed);
    this.group = group;
    this.#seeds = Array.from({ length: n }, () => random(32));
    const voteKeys = this.#seeds.map((key) => group.ed25519.publicKey(key));
    this.params = { rosterHash: random(32), ceremony: random(32), threshold, count, voteKeys };
    for (const party of this.parties) {
      this.#apply(
        party,
        dkgStart(this.context(party), {
          params: this.params,
          party,
          random: seededRandom(`${seed}/${party}`),
        }),
      );
    }
  }

  get parties(): readonly number[] {
    return this.params.voteKeys.map((_, i) => i + 1);
  }

  context(party: number): DkgContext {
    const seed = this.#seeds[party - 1] ?? new Uint8Array();
    return { group: this.group, sign: (input) => this.group.ed25519.sign(seed, input) };
  }

  output(party: number): DkgOutput {
    const output = this.outputs.get(party);
    if (output === undefined) throw new Error(`no oracle ${party}`);
    return output;
  }

  state(party: number): DkgState {
    return this.output(party).state;
  }

  #apply(party: number, output: DkgOutput): void {
    const state = decodeDkgState(encodeDkgState(output.state));
    const { done, abort } = { ...this.outputs.get(party), ...output };
    if (output.ignored !== undefined) this.ignored.push(output.ignored);
    this.outputs.set(party, {
      state,
      send: output.send,
      ...(done === undefined ? {} : { done }),
      ...(abort === undefined ? {} : { abort }),
    });
    for (const send of output.send) this.queue.push({ from: party, ...send });
  }

  step(party: number, input: DkgInput): DkgOutput {
    const output = dkgStep(this.context(party), this.state(party), input);
    this.#apply(party, output);
    return output;
  }

  /** Delivers until nothing is under way; `pick` chooses which message goes next. */
  run(pick: (length: number) => number = () => 0): this {
    while (this.queue.length > 0) {
      const [envelope] = this.queue.splice(pick(this.queue.length), 1);
      if (envelope === undefined) break;
      for (const { from, to, payload } of this.tamper(envelope))
        this.step(to, { kind: "message", from, payload });
    }
    return this;
  }
}

/** A tamper that changes the bodies one oracle sends and leaves the rest alone. */
export function lies(
  from: number,
  change: (message: DkgMessage, to: number) => DkgMessage["body"] | undefined,
): Tamper {
  return (envelope) => {
    if (envelope.from !== from) return [envelope];
    const message = decodeDkgMessage(envelope.payload);
    const body = change(message, envelope.to);
    return body === undefined ? [] : [{ ...envelope, payload: encodeDkgMessage({ ...message, body }) }];
  };
}

/** n = 4, t = 3, two keys; oracle 4 is the malicious one where nothing else is said. */
export function begin(tamper?: Tamper): Ceremony {
  const ceremony = new Ceremony(4, 3, 2, "malicious");
  if (tamper !== undefined) ceremony.tamper = tamper;
  return ceremony;
}
