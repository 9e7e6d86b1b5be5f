import { readFileSync } from "node:fs";

/** Where Linux names this boot. */
const BOOT_ID = "/proc/sys/kernel/random/boot_id";
/** Where QEMU shows the VM generation id, new after a restore (root may read it; the vmgenid driver has no file). */
const GENERATION_ID = "/sys/firmware/qemu_fw_cfg/by_name/etc/vmgenid_guid/raw";

function read(path: string): string | undefined {
  try {
    return readFileSync(path).toString("hex");
  } catch {
    return undefined;
  }
}

/** Names of what this process runs in; a part that this machine does not show is undefined and stays so. */
export interface MachineIdentity {
  readonly bootId: string | undefined;
  readonly generationId: string | undefined;
}

/** Reads both; cheap enough for every tick. Neither is a secret, both are compared only. */
export function machineIdentity(bootIdPath = BOOT_ID, generationIdPath = GENERATION_ID): MachineIdentity {
  return { bootId: read(bootIdPath), generationId: read(generationIdPath) };
}
