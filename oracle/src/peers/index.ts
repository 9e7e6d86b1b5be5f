export { PeerHandshake } from "./handshake.ts";
export { PeerLink } from "./peer-link.ts";
export { PeerNetwork, type PeerNetworkOptions } from "./peer-network.ts";
