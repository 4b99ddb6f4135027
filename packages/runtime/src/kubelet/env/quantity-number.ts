const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity stands for, exact enough for what one machine has. @throws Error for no quantity */
export function numeric(quantity: string | number): number {
  const match = /^([+-]?[0-9.]+)(?:[eE]([+-]?[0-9]+)|([numkMGTPE]?|[KMGTPE]i))$/.exec(String(quantity));
  if (match === null) throw new Error(`not a quantity: ${quantity}`);
  return Number(match[1]) * (match[2] === undefined ? factors[match[3]!]! : 10 ** Number(match[2]));
}
