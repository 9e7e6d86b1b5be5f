/** IPSE_TEST_FULL=1 runs the long loops; without it a few rounds show that they work. */
export const FULL = process.env["IPSE_TEST_FULL"] === "1";

export const rounds = (few: number, many: number): number => (FULL ? many : few);
