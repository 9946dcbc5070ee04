/** `pidusage` has no types of its own; these are the parts used here. */
declare module "pidusage" {
  /** Rejects when nobody has the pid. */
  export default function pidusage(pid: number): Promise<{
    /** Bytes. */
    readonly memory: number;
    /** Milliseconds of user and system time. */
    readonly ctime: number;
  }>;
}
