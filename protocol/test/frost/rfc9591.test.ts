import { describe, expect, test } from "vitest";
import {
  aggregate,
  bindingFactorInputs,
  commit,
  commitmentList,
  computeBindingFactors,
  evaluatePolynomial,
  nonceGenerate,
  type SigningRequest,
  signingPackage,
  signShare,
  validateCommitment,
} from "../../src/frost/index.ts";
import { backends, nodeVerify } from "../group/backends.ts";
import vector from "../vectors/rfc9591-ed25519-sha512.json" with { type: "json" };

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (raw: Uint8Array): string => Buffer.from(raw).toString("hex");
const { inputs, round_one_outputs, round_two_outputs, final_output } = vector;
const threshold = Number(vector.config.MIN_PARTICIPANTS);

describe.each(backends.map((group) => [group.name, group] as const))(
  "RFC 9591 appendix E.1 on %s",
  (_, group) => {
    const shares = new Map(
      inputs.participant_shares.map(
        (entry) => [entry.identifier, group.decodeScalar(hex(entry.participant_share))] as const,
      ),
    );
    const share = (identifier: number) => shares.get(identifier) ?? group.scalarFromNumber(0);
    const drawNonces = () =>
      round_one_outputs.outputs.map((output) => {
        const secret = share(output.identifier);
        return commit(
          group,
          output.identifier,
          nonceGenerate(group, hex(output.hiding_nonce_randomness), secret),
          nonceGenerate(group, hex(output.binding_nonce_randomness), secret),
        );
      });
    const request: SigningRequest = {
      rule: "rfc9591",
      threshold,
      groupPublicKey: group.decodePoint(hex(inputs.group_public_key)),
      message: hex(inputs.message),
      commitments: commitmentList(
        round_one_outputs.outputs.map((output) =>
          validateCommitment(group, {
            identifier: output.identifier,
            hiding: hex(output.hiding_nonce_commitment),
            binding: hex(output.binding_nonce_commitment),
          }),
        ),
      ),
    };

    test("shares of the dealer", () => {
      const coefficients = [inputs.group_secret_key, ...inputs.share_polynomial_coefficients].map((text) =>
        group.decodeScalar(hex(text)),
      );
      for (const [identifier, expected] of shares) {
        expect(evaluatePolynomial(group, coefficients, identifier)).toEqual(expected);
      }
    });

    test("nonces and commitments", () => {
      const nonces = drawNonces();
      expect(nonces.map((own) => [toHex(own.hiding), toHex(own.binding)])).toEqual(
        round_one_outputs.outputs.map((output) => [output.hiding_nonce, output.binding_nonce]),
      );
      expect(nonces.map((own) => own.commitment)).toEqual(request.commitments);
    });

    test("binding factors and their inputs", () => {
      expect(bindingFactorInputs(group, request).map(toHex)).toEqual(
        round_one_outputs.outputs.map((output) => output.binding_factor_input),
      );
      expect(computeBindingFactors(group, request).map(toHex)).toEqual(
        round_one_outputs.outputs.map((output) => output.binding_factor),
      );
    });

    test("signature shares and the signature", () => {
      const signing = signingPackage(group, request);
      const signatureShares = drawNonces().map((nonces) => ({
        identifier: nonces.commitment.identifier,
        share: signShare(group, signing, share(nonces.commitment.identifier), nonces),
      }));
      expect(signatureShares.map((entry) => toHex(entry.share))).toEqual(
        round_two_outputs.outputs.map((output) => output.sig_share),
      );
      const signature = aggregate(group, signing, signatureShares, (id) => group.baseMul(share(id)));
      expect(toHex(signature)).toBe(final_output.sig);
      expect(nodeVerify(request.groupPublicKey, request.message, signature)).toBe(true);
      expect(group.ed25519.verify(request.groupPublicKey, request.message, signature)).toBe(true);
    });
  },
);
