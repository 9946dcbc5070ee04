/**
 * A value that stands in no config: where it is, and how it is had when it is needed.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** Where the value is. A file's last newline is none of it. */
export type Secret = { readonly file: string } | { readonly env: string };

/** Linux hands no longer text to a process. */
const maxBytes = 131_072;

/** Of a file that is meant to be short: a special one may have no end. */
export const readShort = (file: string): Buffer => {
  const descriptor = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = 1; read > 0 && length <= maxBytes; length += read)
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (length > maxBytes) throw new Error(`${file} is larger than ${maxBytes} bytes`);
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
};

/** Throws, without the value, where it cannot be had. */
export const readSecret = (secret: Secret): string => {
  if (!("env" in secret))
    return readShort(secret.file)
      .toString("utf8")
      .replace(/\r?\n$/, "");
  const value = process.env[secret.env];
  if (value === undefined) throw new Error(`the master has no variable ${secret.env}`);
  return value;
};
