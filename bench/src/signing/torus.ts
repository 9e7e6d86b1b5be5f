import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { evaluatePolynomial } from "@ipse/protocol/frost";
import type { Group } from "@ipse/protocol/group";
import type { Case } from "../measure/rounds.ts";
import { expectTrue, keyObject, known, nodeVerifies, randomScalar } from "./material.ts";

/*
 * @toruslabs/tss-frost-lib: FROST in Rust, compiled to WASM. Its API is the two whole protocols, each as one
 * participant over a message broker; here all participants run in this process over an in-memory one.
 */

interface Broker {
  readonly session_id: string;
  readonly sender_id: number;
  send(to: number, type: string, data: Uint8Array): Promise<void>;
  receive(from: number, type: string): Promise<Uint8Array>;
}

type Opaque = object;

interface TorusLib {
  readonly RngSeed: new (seed: Uint8Array) => Opaque;
  readonly KeyShare: { from_raw(x: number, shareHex: string, publicKeyHex: string): Opaque };
  sign(
    seed: Opaque,
    broker: Broker,
    others: Uint32Array,
    key: Opaque,
    message: Uint8Array,
  ): Promise<{ to_bytes(): Uint8Array }>;
  generate_key(seed: Opaque, broker: Broker, others: Uint32Array, threshold: number): Promise<Opaque>;
}

/** The library, or undefined where it does not load. */
export async function loadTorus(): Promise<TorusLib | undefined> {
  try {
    const require = createRequire(import.meta.url);
    const { tssLib } = require("@toruslabs/tss-frost-lib") as { tssLib: { load(): Promise<TorusLib> } };
    return await tssLib.load();
  } catch {
    return undefined;
  }
}

/** Point-to-point queues by sender, receiver and type. */
class Network {
  readonly #queued = new Map<string, Uint8Array[]>();
  readonly #waiting = new Map<string, (data: Uint8Array) => void>();

  #put(key: string, data: Uint8Array): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      this.#waiting.delete(key);
      waiting(data);
      return;
    }
    this.#queued.set(key, [...(this.#queued.get(key) ?? []), data]);
  }

  #take(key: string): Promise<Uint8Array> {
    const data = this.#queued.get(key)?.shift();
    if (data !== undefined) return Promise.resolve(data);
    return new Promise((resolve) => this.#waiting.set(key, resolve));
  }

  broker(me: number): Broker {
    return {
      session_id: "bench",
      sender_id: me,
      send: async (to, type, data) => this.#put(`${me}>${to}:${type}`, data.slice()),
      receive: (from, type) => this.#take(`${from}>${me}:${type}`),
    };
  }
}

const others = (ids: readonly number[], me: number): Uint32Array =>
  Uint32Array.from(ids.filter((id) => id !== me));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A whole signature by k participants, each of whom ends with the verified signature. */
export function torusSignCase(
  torus: TorusLib,
  group: Group,
  { k, message }: { readonly k: number; readonly message: Uint8Array },
  name: string,
): Case {
  const ids = Array.from({ length: k }, (_, i) => i + 1);
  const coefficients = ids.map(() => randomScalar(group));
  const publicKey = group.baseMul(known(coefficients[0], "secret"));
  const shares = ids.map((id) => hex(evaluatePolynomial(group, coefficients, id)));
  const verifyKey = keyObject(publicKey);
  const signOnce = async (): Promise<Uint8Array> => {
    const network = new Network();
    const signatures = await Promise.all(
      ids.map((id, i) => {
        const key = torus.KeyShare.from_raw(id, known(shares[i], "share"), hex(publicKey));
        const seed = new torus.RngSeed(randomBytes(32));
        return torus.sign(seed, network.broker(id), others(ids, id), key, message);
      }),
    );
    return known(signatures[0], "signature").to_bytes();
  };
  return {
    name,
    participants: k,
    make: (count) => {
      const signatures: Uint8Array[] = [];
      return {
        run: async () => {
          for (let i = 0; i < count; i++) signatures.push(await signOnce());
        },
        check: () => {
          for (const signature of signatures) expectTrue(nodeVerifies(verifyKey, message, signature), name);
        },
      };
    },
  };
}

/** A whole key generation by n participants. */
export function torusDkgCase(torus: TorusLib, n: number, threshold: number, name: string): Case {
  const ids = Array.from({ length: n }, (_, i) => i + 1);
  return {
    name,
    participants: n,
    make: (count) => {
      let made = 0;
      return {
        run: async () => {
          for (let i = 0; i < count; i++) {
            const network = new Network();
            const keys = await Promise.all(
              ids.map((id) => {
                const seed = new torus.RngSeed(randomBytes(32));
                return torus.generate_key(seed, network.broker(id), others(ids, id), threshold);
              }),
            );
            made += keys.length;
          }
        },
        check: () => expectTrue(made === count * n, name),
      };
    },
  };
}
