export {
  type Ed25519,
  type Group,
  POINT_BYTES,
  type Point,
  SCALAR_BYTES,
  type Scalar,
  SEED_BYTES,
  SIGNATURE_BYTES,
  WIDE_BYTES,
} from "./group.ts";
export { type LoadedGroup, loadGroup } from "./load.ts";
export { portableGroup } from "./portable.ts";
export { loadFastGroup } from "./sodium.ts";
