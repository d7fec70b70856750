/** Chance, as policies see it; ids are made of better stuff (engine/owner-ids.ts). */
export const systemRandom = (): number => Math.random();
