import { describe, expect, it } from "vitest";
import type { SignedTicket } from "../../src/registry/ticket.ts";
import {
  judgeTicketTime,
  spiffePrefixCovers,
  ticketOperator,
  verifyTicket,
} from "../../src/registry/ticket-check.ts";
import { codeOf, deployerTicket, group, NOW, operatorTicket, roster } from "./fixture.ts";

const verdict = (signed: SignedTicket) => codeOf(() => verifyTicket(group, roster, signed));
const other = new Uint8Array(32).fill(1);

describe("a ticket's chain", () => {
  it("holds from a minting operator, directly or through a deployer", () => {
    expect(verdict(operatorTicket())).toBe("accepted");
    expect(verdict(deployerTicket())).toBe("accepted");
    expect(ticketOperator(roster, deployerTicket()).name).toBe("alice");
  });

  it.each<[string, SignedTicket, string]>([
    ["a stranger's ticket", operatorTicket("mallory"), "ERR_TICKET_SIGNER"],
    ["a ticket by an operator who may only contain", operatorTicket("carol"), "ERR_TICKET_SIGNER"],
    ["a deployer's ticket without its delegation", operatorTicket("deployer"), "ERR_TICKET_SIGNER"],
    ["a delegation by a containing operator", deployerTicket({}, {}, "carol"), "ERR_TICKET_SIGNER"],
    ["another deployer's delegation", deployerTicket({}, {}, "alice", "mallory"), "ERR_TICKET_DELEGATION"],
    ["another roster", operatorTicket("alice", { rosterHash: other }), "ERR_TICKET_ROSTER"],
    ["another roster's delegation", deployerTicket({ rosterHash: other }), "ERR_TICKET_ROSTER"],
    [
      "another trust domain",
      operatorTicket("alice", { spiffeId: "spiffe://evil.ipse/prod/api" }),
      "ERR_TICKET_SPIFFE_ID",
    ],
    [
      "a trust domain that ours is a prefix of",
      operatorTicket("alice", { spiffeId: "spiffe://test.ipse.evil/prod/api" }),
      "ERR_TICKET_SPIFFE_ID",
    ],
    [
      "a ticket that never holds",
      operatorTicket("alice", { expiresAtMs: NOW - 1000 }),
      "ERR_TICKET_VALIDITY",
    ],
    [
      "a sibling that shares the delegated prefix's letters",
      deployerTicket({}, { spiffeId: "spiffe://test.ipse/production/api" }),
      "ERR_TICKET_DELEGATION",
    ],
    [
      "a prefix in another trust domain",
      deployerTicket({ spiffePrefix: "spiffe://test" }),
      "ERR_TICKET_DELEGATION",
    ],
    ["an empty prefix", deployerTicket({ spiffePrefix: "" }), "ERR_TICKET_DELEGATION"],
    [
      "a prefix with a trailing slash",
      deployerTicket({ spiffePrefix: "spiffe://test.ipse/prod/" }),
      "ERR_TICKET_DELEGATION",
    ],
  ])("refuses %s", (_name, signed, code) => {
    expect(verdict(signed)).toBe(code);
  });

  it("refuses every change of what was signed", () => {
    const direct = operatorTicket();
    const more = { ...direct, ticket: { ...direct.ticket, uses: 2 } };
    expect(verdict(more)).toBe("ERR_TICKET_SIGNATURE");
    const through = deployerTicket();
    const { delegation } = through;
    if (delegation === undefined) throw new Error("unreachable");
    const wider = { ...delegation.delegation, spiffePrefix: "spiffe://test.ipse" };
    const widened = { ...through, delegation: { ...delegation, delegation: wider } };
    expect(verdict(widened)).toBe("ERR_TICKET_SIGNATURE");
  });
});

describe("a delegation's prefix", () => {
  it.each([
    ["spiffe://d/a", "spiffe://d/a", true],
    ["spiffe://d/a", "spiffe://d/a/b", true],
    ["spiffe://d", "spiffe://d/a", true],
    ["spiffe://d/a", "spiffe://d/ab", false],
    ["spiffe://d/a/b", "spiffe://d/a", false],
    ["spiffe://d/a/..", "spiffe://d/a/../b", false],
    ["spiffe://D/a", "spiffe://D/a", false],
    ["spiffe:/", "spiffe://d/a", false],
  ])("%s covers %s: %s", (prefix, id, covers) => {
    expect(spiffePrefixCovers(prefix, id)).toBe(covers);
  });
});

describe("a ticket's time", () => {
  const judge = (signed: SignedTicket, nowMs: number) => {
    const operator = ticketOperator(roster, signed);
    return codeOf(() => judgeTicketTime(signed.ticket, signed.delegation?.delegation, operator, nowMs));
  };

  it.each<[string, SignedTicket, number, string]>([
    ["now", operatorTicket(), NOW, "accepted"],
    ["its last millisecond", operatorTicket(), NOW + 599_999, "accepted"],
    ["its end", operatorTicket(), NOW + 600_000, "ERR_TICKET_EXPIRED"],
    ["a clock a little behind", operatorTicket(), NOW - 30_000, "accepted"],
    ["a clock far behind", operatorTicket(), NOW - 120_000, "ERR_TICKET_NOT_YET"],
    ["an expired delegation", deployerTicket({ notAfterMs: NOW }), NOW, "ERR_TICKET_EXPIRED"],
    ["a back-dated ticket of a retired operator", operatorTicket("retired"), NOW, "ERR_TICKET_EXPIRED"],
    ["an operator who is not there yet", operatorTicket("coming"), NOW, "ERR_TICKET_NOT_YET"],
  ])("is judged at %s", (_name, signed, nowMs, code) => {
    expect(judge(signed, nowMs)).toBe(code);
  });
});
