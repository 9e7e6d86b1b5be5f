import { createHash, type X509Certificate } from "node:crypto";
import { isIP, connect as netConnect, type Socket } from "node:net";
import { TLSSocket, connect as tlsConnect } from "node:tls";
import { check, equalBytes, IpseError } from "@ipse/protocol";
import { hostOf, isLoopback } from "../platform/loopback.ts";

/** Where an oracle's session listener is, and whom to expect there. */
export interface SessionEndpoint {
  readonly sessionUrl: string;
  /** SHA-256 of the SubjectPublicKeyInfo; all zero on plaintext loopback. */
  readonly tlsPin: Uint8Array;
}

interface Target {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

function targetOf(endpoint: SessionEndpoint): Target {
  const url = new URL(endpoint.sessionUrl);
  const secure = url.protocol === "wss:" || url.protocol === "https:";
  const host = hostOf(url);
  check(
    secure || isLoopback(host),
    "ERR_LINK_PLAINTEXT",
    `${endpoint.sessionUrl} is plaintext and not on loopback`,
  );
  const pinned = endpoint.tlsPin.some((byte) => byte !== 0);
  check(!secure || pinned, "ERR_LINK_PIN", `${endpoint.sessionUrl} has no TLS pin`);
  return { secure, host, port: Number(url.port || (secure ? 443 : 80)) };
}

function pinOf(certificate: X509Certificate | undefined): Uint8Array {
  const spki = certificate?.publicKey.export({ type: "spki", format: "der" });
  // A resumed session has no certificate: no pin, no connection.
  return spki === undefined ? new Uint8Array() : new Uint8Array(createHash("sha256").update(spki).digest());
}

function openTls(host: string, port: number): TLSSocket {
  return tlsConnect({
    host,
    port,
    minVersion: "TLSv1.3",
    // The pin replaces the check against authorities; checkServerIdentity would never be called.
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
}

/**
 * Connects to a session listener and resolves only after the pin held, so that nothing of ours was sent before:
 * TLS 1.3, no resumption, the certificate's key is all that counts (no names, no authorities; the pin comes from
 * a statement that operators signed). Throws ERR_LINK_PIN, ERR_LINK_PLAINTEXT, ERR_LINK_CONNECT.
 */
export function connectPinned(
  endpoint: SessionEndpoint,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Socket> {
  const { secure, host, port } = targetOf(endpoint);
  return new Promise((resolve, reject) => {
    let settled = false;
    const socket = secure ? openTls(host, port) : netConnect({ host, port });
    // These handlers stay: an error between here and the next owner must not be unhandled.
    const fail = (code: string, why: string): void => {
      if (settled) return;
      settled = true;
      socket.destroy();
      reject(new IpseError(code, `${endpoint.sessionUrl}: ${why}`));
    };
    const ready = (): void => {
      if (settled) return;
      settled = true;
      socket.setTimeout(0);
      resolve(socket);
    };
    signal?.addEventListener("abort", () => fail("ERR_LINK_CONNECT", "stopped"), { once: true });
    socket.setNoDelay(true);
    socket.setTimeout(timeoutMs, () => fail("ERR_LINK_CONNECT", "no answer"));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      fail("ERR_LINK_CONNECT", error.code ?? "connection failed"),
    );
    socket.once("close", () => fail("ERR_LINK_CONNECT", "closed"));
    if (!(socket instanceof TLSSocket)) return socket.once("connect", ready);
    return socket.once("secureConnect", () => {
      const seen = pinOf(socket.getPeerX509Certificate());
      if (equalBytes(seen, endpoint.tlsPin)) ready();
      else fail("ERR_LINK_PIN", "the TLS key is not the one of the endpoint record");
    });
  });
}

/** The session's address: the listener's own when it names a path, else the well-known one. */
export function sessionPath(sessionUrl: string): string {
  const { pathname } = new URL(sessionUrl);
  return pathname === "/" ? "/v1/session" : pathname;
}
