/**
 * Data for programs: JSON and YAML.
 */

/** Two spaces, one value. */
export const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** One value a line. */
export const ndjson = (value: unknown): string => `${JSON.stringify(value)}\n`;

/** YAML 1.2; its library is loaded only when it is asked for. */
export const yaml = async (value: unknown): Promise<string> => {
  const { stringify } = await import("yaml");
  return stringify(value, { lineWidth: 0 });
};
