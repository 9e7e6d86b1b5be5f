import { toBase64Url } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import type { OracleNode } from "@ipse/protocol/host";
import { signedStatement } from "@ipse/protocol/registry";
import type { Logger } from "pino";
import { ask, Backoff } from "../links/index.ts";

export interface AnnouncerOptions {
  readonly node: OracleNode;
  readonly log: Logger;
  /** Peers that must dial this oracle and have not. */
  readonly missing: () => readonly number[];
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Tells the peers that must dial this oracle where it is, for as long as they do not: after a move they
 * still dial its old address, and gossip needs the link. The statement proves itself, as an operator's does.
 */
export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #backoff: Backoff;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.minMs, options.maxMs);
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#round(), this.#backoff.takeMs());
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    const { missing, log } = this.#options;
    const peers = missing();
    if (peers.length === 0) this.#backoff.reset();
    const tell = (peer: number): Promise<void> =>
      this.#tell(peer).catch((error: unknown) => log.debug({ err: error, peer }, "peer.not-told"));
    await Promise.all(peers.map(tell));
    this.start();
  }

  async #tell(peer: number): Promise<void> {
    const { node, log } = this.#options;
    const target = node.endpoint(peer);
    const own = node.endpointStatement(node.oracle);
    if (target === undefined || own === undefined) return;
    const json = { statement: toBase64Url(encode(signedStatement, own)) };
    const { status } = await ask(target, "POST", "/v1/registry/statements", json);
    log.debug({ peer, status }, "peer.told-endpoint");
  }
}
