import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** Mounts where this user may; undefined where not: the test then says that it was skipped. */
function mount(at: string, args: readonly string[]): (() => void) | undefined {
  mkdirSync(at, { recursive: true, mode: 0o700 });
  if (spawnSync("mount", [...args, at]).status !== 0) return undefined;
  return () => void spawnSync("umount", ["-l", at]);
}

/** A file system of so many bytes. Returns how to unmount it. */
export function mountTiny(at: string, bytes: number): (() => void) | undefined {
  return mount(at, ["-t", "tmpfs", "-o", `size=${bytes},mode=0700`, "ipse-test"]);
}

/** The same directory once more, but read-only. */
export function mountReadOnly(from: string, at: string): (() => void) | undefined {
  const unmount = mount(at, ["--bind", from]);
  if (unmount === undefined) return undefined;
  if (spawnSync("mount", ["-o", "remount,bind,ro", at]).status === 0) return unmount;
  unmount();
  return undefined;
}
