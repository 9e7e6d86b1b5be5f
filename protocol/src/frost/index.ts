export { aggregate, type SignatureShare, verifyShare } from "./aggregate.ts";
export { type CoefficientRule, coefficient, interpolated, lagrangeCoefficient } from "./coefficient.ts";
export {
  type Commitment,
  type CommitmentList,
  commitmentList,
  encodeCommitmentList,
  ownCommitment,
  type UncheckedCommitment,
  validateCommitment,
} from "./commitment.ts";
export { checkIdentifier, IDENTIFIER_MAX, identifierScalar, WORKLOAD_IDENTIFIER } from "./identifier.ts";
export { composePublicKey, workloadVerifyingShare } from "./mandatory.ts";
export { commit, deriveNonce, nonceGenerate, type SigningNonces } from "./nonce.ts";
export {
  type CommitmentVector,
  commitmentVector,
  commitToPolynomial,
  decodeCommitmentVector,
  evaluatePolynomial,
  isShareOf,
  verifyingShare,
} from "./polynomial.ts";
export { makeProof, verifyProof } from "./proof.ts";
export { signShare } from "./sign-share.ts";
export {
  bindingFactorInputs,
  challenge,
  computeBindingFactors,
  groupCommitment,
  type Signer,
  type SigningPackage,
  type SigningRequest,
  signingPackage,
} from "./signing-package.ts";
export { h1, h2, h3, h4, h5, SUITE } from "./suite.ts";
