import type { FastifyInstance } from "fastify";
import type { Address } from "../config/index.ts";
import { createHttp, listen } from "../http/create-http.ts";
import { createLocalListener } from "../local-listener/index.ts";
import { createOAuthSide, type OAuthSide } from "../oauth-listener/index.ts";
import { systemClock } from "../ports/system.ts";
import { createSessionListener, type SessionListener } from "../session-listener/index.ts";
import { newestOf, type Parts } from "./parts.ts";

export interface Listeners {
  readonly side: OAuthSide;
  readonly session: SessionListener;
  /** undefined: OAuth is on the session listener. */
  readonly oauth: FastifyInstance | undefined;
  readonly local: FastifyInstance;
}

async function makeListeners(parts: Parts): Promise<Listeners> {
  const { group, loaded, material, log, metrics, store, peers, node } = parts;
  const { limits } = loaded.config;
  const voteSeed = material.voteKey.seed;
  const session = createSessionListener({
    node,
    group,
    clock: systemClock,
    rosters: material.rosters,
    voteSeed,
    tls: material.sessionTls,
    limits,
    log,
    acceptPeer: (socket, wire) => peers.accept(socket, wire),
  });
  const oauth =
    loaded.config.oauth === undefined ? undefined : createHttp({ tls: material.oauthTls, limits });
  const roster = newestOf(material);
  const side = await createOAuthSide({ node, group, clock: systemClock, roster, voteSeed, log, loaded });
  side.mountKeyRoute(session.app);
  side.mount(oauth ?? session.app);
  const gauges = () => ({ session_connections: session.connections, store_keys: store.store.size });
  const local = createLocalListener({ node, clock: systemClock, limits, metrics, gauges });
  return { side, session, oauth, local };
}

export async function closeListeners({ session, oauth, local }: Listeners): Promise<void> {
  await Promise.all([session.app.close(), oauth?.close(), local.close()]);
}

/** Opens all listeners or none. Throws ERR_LISTEN in one clear sentence. */
export async function openListeners(parts: Parts): Promise<Listeners> {
  const listeners = await makeListeners(parts);
  const { session, oauth, local } = parts.loaded.config;
  const bind = (app: FastifyInstance, what: string, { host, port }: Address): Promise<number> =>
    listen(app, what, host, port);
  try {
    await bind(listeners.session.app, "session", session.listen);
    if (listeners.oauth !== undefined && oauth !== undefined)
      await bind(listeners.oauth, "oauth", oauth.listen);
    await bind(listeners.local, "local", local.listen);
    return listeners;
  } catch (error) {
    await closeListeners(listeners);
    throw error;
  }
}
