/**
 * Errors: what happened, its code, and what to do next.
 */
import type { Explained } from "../Errors.ts";
import type { Paint } from "./paint.ts";
import { clean } from "./text.ts";

/** Exactly two lines, whatever the parts contain. */
export const errorText = (error: Explained, paint: Paint): string =>
  `${paint.red("error:")} ${oneLine(error.message)} ${paint.dim(`[${error.code}]`)}\n${paint.cyan("hint:")} ${oneLine(error.hint)}\n`;

const oneLine = (text: string): string => clean(text.trim().replaceAll(/\s*[\r\n]+\s*/g, "; "));
