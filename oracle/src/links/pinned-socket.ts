import { createHash } from "node:crypto";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { equalBytes, IpseError } from "@ipse/protocol";
import { isLoopback } from "../config/index.ts";

/** Where an oracle's session listener is, and the SHA-256 of the key it must show (all zero: plaintext on loopback). */
export interface Target {
  readonly sessionUrl: string;
  readonly tlsPin: Uint8Array;
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
}

function placeOf(target: Target): Place {
  let url: URL;
  try {
    url = new URL(target.sessionUrl);
  } catch {
    throw new IpseError("ERR_ENDPOINT_URL", "an endpoint record whose session URL is none");
  }
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  if (!secure && url.protocol !== "http:" && url.protocol !== "ws:")
    throw new IpseError("ERR_ENDPOINT_URL", `not a session URL: ${url.protocol}`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!secure && !isLoopback(host))
    throw new IpseError("ERR_ENDPOINT_PLAINTEXT", `${url.origin}: plaintext is for loopback alone`);
  if (secure && target.tlsPin.every((byte) => byte === 0))
    throw new IpseError("ERR_ENDPOINT_PIN", `${url.origin}: the endpoint record has no TLS pin`);
  return { host, port: Number(url.port || (secure ? 443 : 80)), secure };
}

/** SHA-256 of the SubjectPublicKeyInfo that the peer proved in this handshake; empty when there was none. */
function seenPin(socket: TLSSocket): Uint8Array {
  // A resumed session carries no certificate, and must not count.
  const certificate = socket.isSessionReused() ? undefined : socket.getPeerX509Certificate();
  const spki = certificate?.publicKey.export({ type: "spki", format: "der" });
  return spki === undefined ? new Uint8Array() : new Uint8Array(createHash("sha256").update(spki).digest());
}

/**
 * Connects to a session listener. With TLS the pin is checked in `secureConnect`, before anything of ours is
 * sent (`checkServerIdentity` is never called with rejectUnauthorized false). Rejects with ERR_ENDPOINT_*.
 */
export function connectPinned(target: Target, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { host, port, secure } = placeOf(target);
    const name = `${host}:${port}`;
    const socket = secure
      ? connectTls({
          host,
          port,
          minVersion: "TLSv1.3",
          rejectUnauthorized: false,
          ALPNProtocols: ["http/1.1"],
          ...(isIP(host) === 0 ? { servername: host } : {}),
        })
      : connectPlain({ host, port });
    const timer = setTimeout(() => fail("ERR_ENDPOINT_UNREACHABLE", "no answer"), timeoutMs);
    const fail = (code: string, why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new IpseError(code, `${name}: ${why}`));
    };
    const ready = (): void => {
      clearTimeout(timer);
      socket.setNoDelay(true);
      resolve(socket);
    };
    // The listener stays: an error after this must not be unhandled before the next owner listens.
    socket.on("error", (error: NodeJS.ErrnoException) =>
      fail("ERR_ENDPOINT_UNREACHABLE", error.code ?? error.message),
    );
    if (!("getPeerX509Certificate" in socket)) {
      socket.once("connect", ready);
      return;
    }
    socket.once("secureConnect", () => {
      if (equalBytes(seenPin(socket), target.tlsPin)) ready();
      else fail("ERR_ENDPOINT_PIN", "shows another TLS key than the endpoint record pins");
    });
  });
}
