import { createServer, type Server } from "node:net";
import { IpseError } from "@ipse/protocol";
import { DEV_HOST, type OraclePorts } from "./layout.ts";

/** Binds a port for a moment (0: any free one); undefined when it is taken. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: DEV_HOST, port, exclusive: true }, () => resolve(server));
  });
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

const release = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Free ports for these wishes, all at once so that no two are one: a wish of 0, or a taken one when `replace`, gets any. */
export async function claimPorts(wishes: readonly number[], replace: boolean): Promise<number[]> {
  const held: Server[] = [];
  try {
    for (const wish of wishes) {
      const server = (await hold(wish)) ?? (replace ? await hold(0) : undefined);
      if (server === undefined)
        throw new IpseError(
          "ERR_PORT_TAKEN",
          `port ${wish} is taken; choose another with --port, or 0 for free ones`,
        );
      held.push(server);
    }
    return held.map(portOf);
  } finally {
    await Promise.all(held.map(release));
  }
}

/** Two ports per oracle from a base port (0: free ones): public, then local. */
export function wishesFrom(base: number, oracles: number): number[] {
  return Array.from({ length: 2 * oracles }, (_, i) => (base === 0 ? 0 : base + i));
}

export function toOraclePorts(ports: readonly number[]): OraclePorts[] {
  const out: OraclePorts[] = [];
  for (let i = 0; i + 1 < ports.length; i += 2) out.push({ public: ports[i] ?? 0, local: ports[i + 1] ?? 0 });
  return out;
}
